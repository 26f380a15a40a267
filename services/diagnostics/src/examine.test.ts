import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Catalogue } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examineTargets } from './examine.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());

const examine = async (target: object, env: Record<string, string> = {}, service: object = {}) => {
  const catalogue = Catalogue.parse({ schema: 1, services: [{ name: 'shop', targets: [target], ...service }] });
  return (await examineTargets({ catalogue, env, commands: [], commandsThere: [], deadlineMs: 2_000 }))[0];
};

describe('the doctor, on one target', () => {
  const db = { id: 'db', kind: 'postgres', urlEnv: 'DB_URL' };

  it('says ok where all that an incident would ask is answered', async () => {
    expect(await examine(db, { DB_URL: test.url })).toMatchObject({
      service: 'shop',
      target: 'db',
      ok: true,
      todo: null,
    });
    expect(await examine({ id: 'disk', kind: 'disk', path: '/' })).toMatchObject({ ok: true });
  });

  it('says what is missing and what to do', async () => {
    const wrong = new URL(test.url);
    wrong.password = 'canary';
    const cases: [object, Record<string, string>, RegExp][] = [
      [db, {}, /set DB_URL where diagnostics runs/],
      [db, { DB_URL: wrong.href }, /correct user and password in DB_URL/],
      [db, { DB_URL: 'postgres://a:b@no-such-host.invalid/x' }, /correct the host name in DB_URL/],
      [db, { DB_URL: 'postgres://a:b@127.0.0.1:1/x' }, /start it, or correct the address in DB_URL/],
      [{ id: 'disk', kind: 'disk', pathEnv: 'DATA' }, { DATA: '/no/such' }, /correct the path in DATA/],
      [{ id: 'log', kind: 'log', command: ['/bin/cat', '/x'] }, {}, /DIAGNOSTIC_COMMANDS/],
    ];
    for (const [target, env, todo] of cases) {
      const examined = await examine(target, env);
      expect(examined, JSON.stringify(target)).toMatchObject({
        ok: false,
        todo: expect.stringMatching(todo) as string,
      });
      expect(JSON.stringify(examined)).not.toContain('canary');
    }
  });

  it('looks at checks of one’s own too, and leaves alone what is only acted upon', async () => {
    const own = { checks: [{ id: 'stuck', title: 'x', command: ['/bin/true'] }] };
    expect(
      await examine({ id: 'p', kind: 'process', urlEnv: 'A', tokenEnv: 'B', process: 'p' }, {}, own),
    ).toMatchObject({
      target: 'custom.stuck',
      ok: false,
    });
  });
});
