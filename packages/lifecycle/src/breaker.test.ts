import { moveClock } from '@nightshift/db';
import { insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { breakerLimits } from '@nightshift/types';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeBreaker, mindBreaker, readBreaker, tooManySick } from './breaker.ts';
import { findIncident } from './rows.ts';
import { step } from './step.ts';

let test: TestDatabase;
beforeEach(async () => (test = await testDatabase()));
afterEach(() => test.close());

const services = Array.from({ length: 10 }, (_, i) => `s${i}`);
const mind = () => mindBreaker(test.db, services);
const sicken = (...names: string[]) =>
  Promise.all(names.map((service) => insertIncident(test.db, { service, state: 'escalated' })));
const heal = (...ids: string[]) =>
  Promise.all(
    ids.map((id) => step(test.db, id, { kind: 'resolved_by_person', by: 'ada', reason: '' }, { actor: 'ada' })),
  );
const umbrellas = () =>
  test.db.query<{ id: string; state: string }>(`SELECT id, state FROM incident WHERE fingerprint = 'breaker'`);

describe('the breaker', () => {
  it('opens once when too many are sick at once, however many look, and owes one page for all of them', async () => {
    await sicken('s0', 's1', 's2', 's3', 'not-in-the-catalogue');
    expect(await mind()).toMatchObject({ open: false });
    await sicken('s4');
    const looks = await Promise.all(Array.from({ length: 8 }, mind));
    expect(new Set(looks.map(({ incidentId }) => incidentId)).size).toBe(1);
    expect(looks[0]).toMatchObject({ open: true, sick: ['s0', 's1', 's2', 's3', 's4'], services: 10 });
    expect(await umbrellas()).toEqual([{ id: looks[0]!.incidentId, state: 'escalated' }]);
    const owed = await test.db.query(`SELECT stage FROM outbox WHERE incident_id = $1 ORDER BY 1`, [
      looks[0]!.incidentId,
    ]);
    expect(owed).toEqual([{ stage: 'escalate' }, { stage: 'verify' }]);
  });

  it('never goes back by itself in the middle: only after few have been sick for the whole time', async () => {
    const ids = await sicken('s0', 's1', 's2', 's3', 's4');
    const { incidentId } = await mind();
    await heal(...ids.slice(0, 3));
    for (let hours = 0; hours < 12; hours++) {
      await moveClock(test.db, 3_600_000);
      expect(await mind()).toMatchObject({ open: true, calmSince: null });
    }
    await heal(ids[3]!);
    const { calmSince } = await mind();
    await moveClock(test.db, breakerLimits.calmMs - 2_000);
    expect(await mind()).toMatchObject({ open: true, calmSince });
    const [again] = await sicken('s5');
    expect(await mind()).toMatchObject({ open: true, calmSince: null });
    await heal(again!);
    expect((await mind()).calmSince).toBeGreaterThan(calmSince!);
    await moveClock(test.db, breakerLimits.calmMs + 1_000);
    expect(await mind()).toMatchObject({
      open: false,
      armed: true,
      reason: 'no more than 1 of 10 services were sick for 5 min',
    });
    expect(await findIncident(test.db, incidentId!)).toMatchObject({ state: 'resolved', resolution: 'self' });
  });

  it('closed by a person stays closed on what that person saw, and opens on what comes after it', async () => {
    const ids = await sicken('s0', 's1', 's2', 's3', 's4');
    const { incidentId } = await mind();
    expect(await closeBreaker(test.db, 'ada', 'the network is back')).toMatchObject({ open: false, by: 'ada' });
    expect(await findIncident(test.db, incidentId!)).toMatchObject({ state: 'resolved', resolution: 'person' });
    await sicken('s5');
    expect(await mind()).toMatchObject({ open: false, armed: false });
    await heal(...ids);
    expect(await mind()).toMatchObject({ open: false, armed: true });
    await sicken('s0', 's1', 's2', 's3');
    expect(await mind()).toMatchObject({ open: true });
    await expect(
      closeBreaker(test.db, 'ada', 'again').then(() => closeBreaker(test.db, 'ada', 'twice')),
    ).rejects.toThrow('not open');
  });

  it('is closed by resolving the incident that stands for all; what waits for a person then pages', async () => {
    const [waiting] = await sicken('s0', 's1', 's2', 's3', 's4');
    const { incidentId } = await mind();
    await heal(incidentId!);
    expect(await mind()).toMatchObject({ open: false, by: 'ada' });
    const due = await test.db.query(`SELECT 1 FROM incident WHERE id = $1 AND deadline_at <= nightshift_now()`, [
      waiting,
    ]);
    expect(due).toHaveLength(1);
  });

  it('says nothing where there is no catalogue', async () => {
    await sicken('s0', 's1', 's2', 's3', 's4');
    await mind();
    expect(await mindBreaker(test.db, [])).toMatchObject({ open: true, calmSince: null });
    expect(await readBreaker(test.db)).toMatchObject({ open: true });
  });
});

it('too many is a share and a number: one of two is not, all of a hundred is, and more is never fewer', () => {
  expect([tooManySick(1, 2), tooManySick(2, 2), tooManySick(3, 3), tooManySick(40, 100), tooManySick(41, 100)]).toEqual(
    [false, false, true, false, true],
  );
  fc.assert(
    fc.property(fc.nat(500), fc.nat(500), (sick, services) => {
      expect(Number(tooManySick(sick + 1, services))).toBeGreaterThanOrEqual(Number(tooManySick(sick, services)));
    }),
  );
});
