import { moveClock, now } from '@nightshift/db';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  answerOverride,
  askOverrides,
  endOverride,
  importOverrides,
  listOverrides,
  overridesWithin,
} from './overrides.ts';

const hour = 3_600_000;
let test: TestDatabase;
let at: number;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test?.close());
beforeEach(async () => {
  await test.db.query('DELETE FROM oncall_override');
  at = Math.round(await now(test.db));
});

const asked = (person: string, insteadOf: string | null, inHours = 1) => ({
  schedule: 'shop',
  person,
  insteadOf,
  startsAt: at + inHours * hour,
  endsAt: at + (inHours + 2) * hour,
  reason: 'concert',
});
const counting = async () => (await overridesWithin(test.db, at, at + 24 * hour)).map(({ person }) => person);
const exchange = () => [asked('bo', 'ada'), asked('ada', 'bo', 10)];

describe('overrides', () => {
  it('count at once where somebody puts themselves on duty, and until they end', async () => {
    const [added] = await askOverrides(test.db, [asked('ada', null)], 'ada');
    expect(added).toMatchObject({ person: 'ada', insteadOf: null, by: 'ada', needs: null, startsAt: at + hour });
    expect(await counting()).toEqual(['ada']);
    expect(await overridesWithin(test.db, at + 3 * hour, at + 4 * hour)).toEqual([]);
    await moveClock(test.db, 4 * hour);
    expect(await listOverrides(test.db)).toEqual([]);
    await moveClock(test.db, -4 * hour);
  });

  it('wait for the word of another whom they put on duty; nobody else can give it, and it is given once', async () => {
    const id = (await askOverrides(test.db, exchange(), 'ada'))[0]!.exchange;
    expect(await counting()).toEqual([]);
    for (const who of ['ada', 'cy'])
      await expect(answerOverride(test.db, id, who, true)).rejects.toThrow(`waits for the word of ${who}`);
    expect(await answerOverride(test.db, id, 'bo', true)).toHaveLength(2);
    expect(await counting()).toEqual(['bo', 'ada']);
    await expect(answerOverride(test.db, id, 'bo', false)).rejects.toThrow('waits for the word of bo');
  });

  it('are over when the other declines, or when somebody ends them: all of an exchange', async () => {
    const [declined] = await askOverrides(test.db, exchange(), 'ada');
    await answerOverride(test.db, declined!.exchange, 'bo', false);
    expect(await listOverrides(test.db)).toEqual([]);
    await askOverrides(test.db, [asked('ada', null)], 'ada');
    const [ended] = await askOverrides(test.db, exchange(), 'ada');
    await answerOverride(test.db, ended!.exchange, 'bo', true);
    expect(await endOverride(test.db, ended!.exchange, 'cy')).toHaveLength(2);
    expect(await counting()).toEqual(['ada']);
    await expect(endOverride(test.db, ended!.exchange, 'cy')).rejects.toThrow('not over');
  });

  it('are answered once, however many answer at once', async () => {
    const [added] = await askOverrides(test.db, exchange(), 'ada');
    const answers = Array.from({ length: 10 }, (_, nth) =>
      answerOverride(test.db, added!.exchange, 'bo', nth % 2 === 0),
    );
    const settled = await Promise.allSettled(answers);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('are refused where they are over already, or are with more than one other', async () => {
    const refused = (parts: ReturnType<typeof asked>[], why: string) =>
      expect(askOverrides(test.db, parts, 'ada')).rejects.toThrow(why);
    await refused([asked('ada', null, -3)], 'endsAt: must lie after now');
    await refused([asked('bo', 'ada'), asked('cy', 'ada', 5)], 'with one other person, not with bo and cy');
    expect(await listOverrides(test.db)).toEqual([]);
  });
});

describe('overrides of a calendar', () => {
  const event = (source: string, person: string, inHours = 1) => ({
    source,
    person,
    insteadOf: null,
    startsAt: at + inHours * hour,
    endsAt: at + (inHours + 2) * hour,
  });
  const imported = (...events: ReturnType<typeof event>[]) =>
    importOverrides(test.db, { schedule: 'shop', until: at + 48 * hour, by: 'ada' }, events);

  it('follow it: what is new, changed and gone, and nothing when nothing is', async () => {
    expect(await imported(event('a', 'ada'), event('b', 'bo', 5))).toEqual({ added: 2, changed: 0, ended: 0 });
    expect(await imported(event('a', 'ada'), event('b', 'bo', 5))).toEqual({ added: 0, changed: 0, ended: 0 });
    expect(await imported(event('b', 'cy', 5))).toEqual({ added: 0, changed: 1, ended: 1 });
    expect(await counting()).toEqual(['cy']);
    expect(await imported(event('a', 'ada'), event('b', 'cy', 5))).toEqual({ added: 0, changed: 1, ended: 0 });
    expect(await counting()).toEqual(['ada', 'cy']);
  });

  it('leave those alone that people agreed on, and can be ended one by one', async () => {
    await askOverrides(test.db, [asked('ada', null)], 'ada');
    await imported(event('a', 'bo'), event('b', 'cy', 5));
    const { exchange: id } = (await listOverrides(test.db)).find(({ person }) => person === 'bo')!;
    expect(await endOverride(test.db, id, 'bo')).toHaveLength(1);
    expect(await imported(event('b', 'cy', 5))).toEqual({ added: 0, changed: 0, ended: 0 });
    expect(await counting()).toEqual(['ada', 'cy']);
  });
});
