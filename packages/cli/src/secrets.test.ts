import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activeTokens, createTokenCheck, listTokens } from '@nightshift/runtime';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSecrets } from './secrets.ts';

let test: TestDatabase;
let dir: string;
beforeAll(async () => void (test = await testDatabase()));
afterAll(() => test.close());
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'nightshift-secrets-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('secrets', () => {
  it('are made once, readable by their owner alone, and the token among them opens ingest', async () => {
    const first = await openSecrets(dir, test.db);
    expect(await openSecrets(dir, test.db)).toEqual(first);
    expect(statSync(join(dir, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(await listTokens(test.db)).toHaveLength(1);
    await createTokenCheck(() => activeTokens(test.db))(`Bearer ${first.ingest}`, 'ingest');
  });
  it('bring a token to a database that does not know theirs', async () => {
    const { ingest: _, ...others } = await openSecrets(dir, test.db);
    await test.db.query('DELETE FROM api_token');
    const again = await openSecrets(dir, test.db);
    expect(again).toMatchObject(others);
    await createTokenCheck(() => activeTokens(test.db))(`Bearer ${again.ingest}`, 'ingest');
  });
  it('that cannot be read are not silently replaced', async () => {
    writeFileSync(join(dir, 'secrets.json'), '{"signing": 5}');
    await expect(openSecrets(dir, test.db)).rejects.toMatchObject({
      code: 'DATABASE_DATA_BROKEN',
      message: expect.stringContaining('secrets.json') as string,
    });
    expect(readFileSync(join(dir, 'secrets.json'), 'utf8')).toBe('{"signing": 5}');
  });
});
