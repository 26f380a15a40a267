/** Whoever changes history is found out. */
import { insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { newId } from '@nightshift/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listAudit, noteConfigVersion, verifyAudit } from './audit.ts';
import { addFreeze, endFreeze } from './freezes.ts';
import { setKillSwitch } from './kill-switch.ts';

let test: TestDatabase;
beforeEach(async () => (test = await testDatabase({ max: 12 })));
afterEach(() => test.close());

const switches = async (times: number) => {
  for (let i = 0; i < times; i++) await setKillSwitch(test.db, i % 2 === 0, 'ada', `reason ${i}`);
};
/** As a superuser would: past the trigger. */
const tamper = (sql: string) =>
  test.db.tx(async (tx) => {
    await tx.query('ALTER TABLE audit DISABLE TRIGGER audit_append_only');
    await tx.query(sql);
    await tx.query('ALTER TABLE audit ENABLE TRIGGER audit_append_only');
  });

describe('the audit log', () => {
  it('knows who changed what: switches, freezes, actions, configuration', async () => {
    await setKillSwitch(test.db, true, 'ada', 'odd');
    const { id } = await addFreeze(test.db, { endsAt: Date.now() + 3_600_000, reason: 'migration' }, 'bob');
    await endFreeze(test.db, id, 'grace');
    const incident = await insertIncident(test.db);
    await test.db.query(
      `INSERT INTO action (id, incident_id, generation, step, type, target, service, provider, class, plan_hash, planned, state)
       VALUES ('act-1', $1, 1, 0, 'restart_service', 'api', 'shop', 'process', 'once', 'h', '{}', 'planned')`,
      [incident],
    );
    await test.db.query(`UPDATE action SET state = 'dispatching', fence = 1 WHERE id = 'act-1'`);
    await test.db.query(`UPDATE action SET state = 'dispatching' WHERE id = 'act-1'`); // changes nothing
    for (const content of [{ a: 1 }, { a: 1 }, { a: 2 }, { a: 1 }])
      await noteConfigVersion(test.db, 'catalogue', content);
    const found = (await listAudit(test.db, { limit: 50 })).reverse();
    expect(found.map(({ actor, kind, subject }) => [actor, kind, subject])).toEqual([
      ['ada', 'setting', 'kill_switch'],
      ['bob', 'change_freeze', String(id)],
      ['grace', 'change_freeze', String(id)],
      [expect.stringMatching(/^test_/), 'action', 'act-1'],
      [expect.stringMatching(/^test_/), 'action', 'act-1'],
      ...Array.from({ length: 3 }, () => [expect.stringMatching(/^test_/), 'config_version', 'catalogue']),
    ]);
    expect(found[4]!.content).toEqual({ was: { state: 'planned', fence: 0 }, is: { state: 'dispatching', fence: 1 } });
    expect(await listAudit(test.db, { kind: 'action', limit: 1 })).toMatchObject([{ seq: 5 }]);
    expect(await verifyAudit(test.db)).toMatchObject({ ok: true, entries: 8 });
  });

  it('cannot be rewritten, deleted or emptied', async () => {
    await switches(1);
    for (const sql of ['UPDATE audit SET body = body', 'DELETE FROM audit', 'TRUNCATE audit'])
      await expect(test.db.query(sql), sql).rejects.toThrow('the audit log is append-only');
  });

  it('is one chain, in order of commit, however many write at once; what is rolled back is not in it', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        test.db
          .tx(async (tx) => {
            await tx.query(`INSERT INTO setting (key, value, by) VALUES ($1, '1', 'many')`, [newId('inc')]);
            await tx.query(`INSERT INTO setting (key, value, by) VALUES ($1, '2', 'many')`, [newId('inc')]);
            if (i % 4 === 0) throw new Error('changed its mind');
          })
          .catch(() => {}),
      ),
    );
    expect(await verifyAudit(test.db)).toMatchObject({ ok: true, entries: 60 });
  });

  it('holds nobody up but for the commit: a transaction that has changed something and goes on lets others commit', async () => {
    let release = () => {};
    const long = test.db.tx(async (tx) => {
      await tx.query(`INSERT INTO setting (key, value, by) VALUES ('long', '1', 'slow')`);
      await new Promise<void>((resolve) => (release = resolve));
    });
    await switches(3);
    release();
    await long;
    expect((await listAudit(test.db, { limit: 9 })).map(({ actor }) => actor)).toEqual(['slow', 'ada', 'ada', 'ada']);
  });
});

describe('verifying names the first broken link', () => {
  it.each([
    [
      'a changed entry',
      `UPDATE audit SET body = replace(body, 'reason 2', 'reason X') WHERE seq = 3`,
      3,
      'entry 3 is not what was hashed',
    ],
    [
      'a changed entry with a hash that fits it',
      `UPDATE audit SET body = replace(body, 'reason 2', 'reason X'), hash = sha256(prev || convert_to(replace(body, 'reason 2', 'reason X'), 'UTF8')) WHERE seq = 3`,
      4,
      'entry 4 does not follow on the one before it',
    ],
    ['a deleted entry', 'DELETE FROM audit WHERE seq = 3', 3, 'entry 3 is missing'],
    [
      'two that changed places',
      `UPDATE audit SET body = (SELECT body FROM audit o WHERE o.seq = 5 - audit.seq) WHERE seq IN (2, 3)`,
      2,
      'entry 2 is not what was hashed',
    ],
    ['a deleted first entry', 'DELETE FROM audit WHERE seq = 1', 1, 'entry 1 is missing'],
  ])('%s', async (_what, sql, seq, reason) => {
    await switches(5);
    expect(await verifyAudit(test.db)).toMatchObject({ ok: true, entries: 5 });
    await tamper(sql);
    expect(await verifyAudit(test.db)).toEqual({ ok: false, seq, reason });
  });

  it('an end that was cut off, where its head was noted', async () => {
    await switches(5);
    const noted = await verifyAudit(test.db);
    await switches(1);
    const head = noted.ok ? noted.head : '';
    expect(await verifyAudit(test.db, head)).toMatchObject({ ok: true, entries: 6 });
    await tamper('DELETE FROM audit WHERE seq > 4');
    expect(await verifyAudit(test.db)).toMatchObject({ ok: true, entries: 4 });
    expect(await verifyAudit(test.db, head)).toMatchObject({ ok: false, seq: 5 });
  });
});
