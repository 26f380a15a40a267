import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { followOnCall } from './on-call-file.ts';
import { oncall } from './stand-ins.ts';

const lines: string[] = [];
const log = pino({}, { write: (line: string) => void lines.push(line) });
let test: TestDatabase;
let file: string;
let dir: string;
beforeAll(async () => {
  [test, dir] = await Promise.all([testDatabase(), mkdtemp(join(tmpdir(), 'nightshift-oncall-'))]);
  file = join(dir, 'oncall.yaml');
});
afterAll(async () => {
  await test.close();
  await rm(dir, { recursive: true });
});
beforeEach(() => test.db.query('DELETE FROM setting'));

// JSON is YAML.
const write = (content: unknown) => writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
const follow = () => followOnCall({ file, db: test.db, log });

describe('the on-call file', () => {
  it('that is broken by an edit leaves the last good one in force', async () => {
    await write(oncall());
    const followed = await follow();
    await write('schema: 1\nchannels: [{ id: x, kind: pigeon }]');
    await write({
      ...oncall(),
      defaultPolicy: 'standard',
      people: [{ id: 'cleo', name: 'Cleo', channels: ['nowhere'] }],
    });
    await expect.poll(() => lines.join(''), { timeout: 5_000 }).toContain('no channel has the id \\"nowhere\\"');
    expect(followed.current()).toEqual(oncall());
    const better = oncall({ policies: [{ ...oncall().policies[0]!, repeat: 5 }] });
    await write(better);
    await expect.poll(() => followed.current().policies[0]!.repeat, { timeout: 5_000 }).toBe(5);
    await followed.close();
  });

  it('that is broken when the service starts does not stop paging: the last good one comes from the database', async () => {
    await write(oncall());
    await (await follow()).close();
    await write('not: [yaml');
    const followed = await follow();
    expect(followed.current()).toEqual(oncall());
    await write(oncall({ policies: [{ ...oncall().policies[0]!, repeat: 7 }] }));
    await expect.poll(() => followed.current().policies[0]!.repeat, { timeout: 5_000 }).toBe(7);
    await followed.close();
  });

  it('that never was good is refused, with file, line and field', async () => {
    await write('schema: 1\nchannels:\n  - { id: console, kind: console }\npolicies: []\ndefaultPolicy: standard\n');
    await expect(follow()).rejects.toMatchObject({
      code: 'FILE_INVALID',
      message: expect.stringMatching(/oncall\.yaml:4:\d+ policies:/) as string,
    });
  });
});
