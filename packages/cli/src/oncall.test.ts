import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { answer, end, importCalendar, list, swap, takeOver } from './commands/oncall-overrides.ts';
import { calendar, check, next, who } from './commands/oncall.ts';

const file = `schema: 1
channels: [{ id: pager, kind: webhook, urlEnv: PAGER_URL, secretEnv: PAGER_SECRET }]
people: [{ id: ada, name: Ada, channels: [pager] }, { id: bo, name: Bo, channels: [pager] }]
schedules:
  - id: shop
    timeZone: Europe/Helsinki
    layers: [{ id: weeks, people: [ada, bo], startsOn: 2026-01-05 }]
policies: [{ id: all, levels: [{ notify: [shop] }] }]
defaultPolicy: all
`;
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  const dir = await mkdtemp(join(tmpdir(), 'nightshift-oncall-'));
  await writeFile(join(dir, 'oncall.yaml'), file);
  vi.stubEnv('DATABASE_URL', database.url);
  vi.stubEnv('NIGHTSHIFT_CONFIG_DIR', dir);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await database?.close();
});

/** What a command writes to standard output. */
async function said(command: () => Promise<number>): Promise<string> {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  await command().finally(() => write.mockRestore());
  return lines.join('');
}
const at = Date.parse('2099-01-05T12:00:00Z');

test('who is on duty, until when, by the clock of the schedule', async () => {
  expect(await said(() => who('shop', { at, json: false }))).toMatch(
    /^shop +(ada|bo) +until Mon 2099-01-12 09:00 \(Europe\/Helsinki\)\n$/,
  );
  await expect(who('bar', { json: false })).rejects.toThrow('no schedule "bar"; there are: shop');
});

test('the shifts to come, of all or of one', async () => {
  const found = JSON.parse(await said(() => next(undefined, { days: 28, json: true }))) as {
    shifts: { people: string[] }[];
  }[];
  expect(found[0]!.shifts.length).toBeGreaterThanOrEqual(4);
  const bo = await said(() => next('shop', { days: 28, person: 'bo', json: false }));
  expect(bo).toMatch(/bo\n/);
  expect(bo).not.toContain('ada');
});

test('a sound plan checks out, with what each carries', async () => {
  const text = await said(() => check({ days: 28, json: false }));
  expect(text).toMatch(/shop, 28 days +hours +nights +weekends\n/);
  expect(text).toContain('nothing is wrong');
});

test('a swap counts once the other agrees, and ends as a whole', async () => {
  const give = { give: '2099-01-05T12:00', take: '2099-01-13T12:00', for: 86_400_000, reason: 'holidays', json: false };
  expect(await said(() => swap('shop', { ...give, by: 'ada', with: 'bo' }))).toContain('waits for the word of bo');
  const on = async () => JSON.parse(await said(() => who('shop', { at, json: true }))) as [{ people: string[] }];
  const [{ people: before }] = await on();
  const [, id] = /^(\d+) /.exec(await said(() => list({ json: false })))!;
  expect(await said(() => answer(Number(id), true, { by: 'bo', json: false }))).toContain(
    'bo instead of ada, counts (ada: holidays)',
  );
  expect((await on())[0].people).toEqual(['bo']);
  await said(() => end(Number(id), { by: 'ada', json: false }));
  expect((await on())[0].people).toEqual(before);
});

test('a calendar is written, and read as overrides', async () => {
  const text = await said(() => calendar('shop', { days: 10 }));
  const file = join(process.env.NIGHTSHIFT_CONFIG_DIR!, 'team.ics');
  await writeFile(file, text.replaceAll(/SUMMARY:shop: (ada|bo)/g, 'SUMMARY:bo'));
  const options = { days: 5, by: 'ada', json: false };
  expect(await said(() => importCalendar('shop', file, options))).toMatch(
    /^[12] events of the next 5 days: [12] added, 0 changed, 0 ended\n$/,
  );
  const on = JSON.parse(await said(() => who('shop', { json: true }))) as [{ people: string[] }];
  expect(on[0].people).toEqual(['bo']);
  await writeFile(file, 'hello');
  await expect(importCalendar('shop', file, options)).rejects.toThrow(/team.ics: it is no iCalendar text/);
  await writeFile(file, text.replaceAll(/SUMMARY:shop: (ada|bo)/g, 'SUMMARY:Zoe'));
  expect(await said(() => importCalendar('shop', file, options))).toMatch(
    /[12] ended\nnot taken, nobody of the on-call file is named: .*"Zoe"/,
  );
});

test('what is wrong with an override is named', async () => {
  const asked = { person: 'ada', from: '2099-01-05T12:00', for: 3_600_000, reason: 'x', by: 'ada', json: false };
  const refused = (change: object, why: string) =>
    expect(takeOver('shop', { ...asked, ...change })).rejects.toThrow(why);
  await refused({ from: 'tomorrow' }, 'from: "tomorrow" must be a local time of Europe/Helsinki');
  await refused({ person: 'cy' }, 'the on-call file knows no "cy"');
  await refused({ insteadOf: 'ada' }, 'insteadOf: must be somebody else');
  await refused({ for: 500 * 86_400_000 }, 'at most 400 days');
});
