import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { addSilence, endSilence, listSilences, type AddOptions } from './commands/silences.ts';
import { whyNot } from './commands/why-not.ts';
import { spanMs } from './span.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  vi.stubEnv('DATABASE_URL', database.url);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await database?.close();
});

const hour = 3_600_000;
const given = (change: Partial<AddOptions> = {}): AddOptions => ({
  label: [],
  for: hour,
  in: 0,
  reason: 'upgrade',
  by: 'Ada',
  json: true,
  ...change,
});

/** What a command writes to standard output. */
async function said(command: () => Promise<number>): Promise<string> {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  await command().finally(() => write.mockRestore());
  return lines.join('');
}

test('a silence is added, listed and ended, with who and why', async () => {
  const added = JSON.parse(await said(() => addSilence(given({ service: 'cart', label: ['zone=a'] })))) as {
    id: number;
  };
  expect(await said(() => listSilences({ json: false, since: hour }))).toMatch(/service cart, zone=a\s+Ada: upgrade/);
  expect(await said(() => endSilence(added.id, { by: 'Grace' }))).toContain(`silence ${added.id} is over`);
  expect(await said(() => listSilences({ json: false, since: hour }))).toContain('by Grace');
  await expect(endSilence(added.id, { by: 'Grace' })).rejects.toThrow('that is not over');
});

test('without an end in time, or about everything, it is refused', async () => {
  await expect(addSilence(given())).rejects.toThrow('must name a service, a metric or a label');
  await expect(addSilence(given({ service: '*' }))).rejects.toThrow('service: must be a name');
  await expect(addSilence(given({ service: 'cart', for: 31 * 24 * hour }))).rejects.toThrow('at most 30 days');
  await expect(addSilence(given({ label: ['zone'] }))).rejects.toThrow('must be name=value');
});

test('why-not says that nothing was held, where nothing was', async () => {
  const options = { service: 'nobody', since: hour, json: false };
  expect(await said(() => whyNot(options))).toBe('no breach in this time went without an incident\n');
});

test('spans have a unit', () => {
  expect(['30s', '15m', '2h', '7d'].map(spanMs)).toEqual([30_000, 900_000, 7_200_000, 604_800_000]);
  for (const text of ['', '5', '-1h', '1w', '1.5h']) expect(() => spanMs(text)).toThrow('30s, 15m, 2h or 7d');
});
