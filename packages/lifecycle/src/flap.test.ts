import { moveClock, only } from '@nightshift/db';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calmForMs, reopenWindowMs } from './flap.ts';
import { raise, type Alarm } from './raise.ts';
import { step } from './step.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.close());

const minute = 60_000;
const alarm: Alarm = {
  service: 'flapping',
  type: 'unknown',
  severity: 'critical',
  title: 'flapping: down',
  onsetAt: 1,
  reason: 'down',
  anomalies: [],
};
const incidents = () =>
  database.db.query<{ id: string; state: string; reopens: number }>(
    'SELECT id, state, reopens FROM incident ORDER BY opened_at',
  );

test('defect 14: a service that comes and goes every quarter of an hour is two incidents, then one, however often', async () => {
  for (let i = 0; i < 12; i++) {
    const { incidentId } = await database.db.tx((tx) => raise(tx, alarm, 'test'));
    const { openedAt } = only(
      await database.db.query<{ openedAt: number }>('SELECT opened_at AS "openedAt" FROM incident WHERE id = $1', [
        incidentId,
      ]),
    );
    await database.db.query(`UPDATE incident SET state = 'escalated' WHERE id = $1`, [incidentId]);
    await step(
      database.db,
      incidentId,
      { kind: 'recovered', detail: '', freshSamples: 5, since: openedAt },
      { actor: 'test' },
    );
    await moveClock(database.db, 15 * minute);
    for (const { id } of await incidents())
      await step(database.db, id, { kind: 'deadline_passed', state: 'resolved' }, { actor: 'test' });
  }
  expect(await incidents()).toMatchObject([{ reopens: 0, state: 'closed' }, { reopens: 11 }]);
});

test('the window doubles, and so does the calm that is asked for, both up to a bound', () => {
  expect([0, 1, 2, 9].map((reopens) => reopenWindowMs({ reopens }) / minute)).toEqual([10, 20, 40, 360]);
  const calm = (reopens: number) => calmForMs({ state: 'escalated', reopens }, minute) / minute;
  expect([0, 3, 4, 5, 20].map(calm)).toEqual([1, 1, 2, 4, 30]);
  expect(calmForMs({ state: 'verifying', reopens: 9 }, minute)).toBe(minute);
});
