import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { addFreeze, endFreeze, showFreezes, type FreezeOptions } from './commands/freezes.ts';
import { killSwitch } from './commands/kill-switch.ts';

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
const given = (change: Partial<FreezeOptions> = {}): FreezeOptions => ({
  for: hour,
  in: 0,
  reason: 'migration',
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
const shown = () => said(() => showFreezes({ json: false, since: hour }));

test('a freeze is declared, shown while it is in force, and ended, with who and why', async () => {
  expect(await shown()).toBe('nothing is frozen now\n');
  const { id } = JSON.parse(await said(() => addFreeze(given({ service: 'cart' })))) as { id: number };
  await addFreeze(given({ in: hour, json: true }));
  expect(await shown()).toMatch(
    /^change freeze 1 of Ada of cart until \d{4}-.*Z: migration\n2 .*everything\s+Ada: migration\n1 .*service cart/,
  );
  expect(await said(() => endFreeze(id, { by: 'Grace' }))).toBe(`freeze ${id} is over: service cart\n`);
  expect(await shown()).toMatch(/^nothing is frozen now\n(.*\n)*1 .*by Grace/);
  await expect(endFreeze(id, { by: 'Grace' })).rejects.toThrow('that is not over');
});

test('without an end in time, or about a pattern, it is refused', async () => {
  await expect(addFreeze(given({ for: 31 * 24 * hour }))).rejects.toThrow('a freeze lasts at most 30 days');
  await expect(addFreeze(given({ service: 'shop-*' }))).rejects.toThrow('service: must name exactly one thing');
  await expect(addFreeze(given({ reason: ' ' }))).rejects.toThrow('reason: say why');
});

test('the kill switch is turned by a person with a reason, and says how it stands', async () => {
  const state = (to?: 'on' | 'off', reason?: string) =>
    said(() => killSwitch(to, { by: 'Ada', json: false, ...(reason === undefined ? {} : { reason }) }));
  expect(await state()).toBe('off: runbooks act inside their limits\n');
  await expect(killSwitch('on', { json: false })).rejects.toThrow('--reason: say why');
  expect(await state('on', 'odd')).toMatch(/^on: nothing is done to anything \(Ada, \d{4}-.*Z: odd\)\n$/);
  expect(await state('off', 'looked')).toMatch(/^off: .*: looked\)\n$/);
});
