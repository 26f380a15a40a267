import { moveClock } from '@nightshift/db';
import { connectQueue, migrateQueue, type Queue } from '@nightshift/queue';
import { eventually, insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { stageJobId } from '@nightshift/types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findIncident, runStage, startRelay, startSweeper, step, timeline, type Loop } from './index.ts';

const silent = { info() {}, warn() {}, error() {}, debug() {} };
let test: TestDatabase;
let queue: Queue;
const loops: Loop[] = [];
const errors: unknown[] = [];
const onError = (error: unknown) => errors.push(error);

beforeAll(async () => {
  test = await testDatabase();
  await migrateQueue(test.url);
});
beforeEach(() => {
  queue = connectQueue({ url: test.url, name: 'relay test', log: silent });
});
afterEach(async () => {
  await Promise.all(loops.splice(0).map((loop) => loop.close()));
  await queue.close();
});
afterAll(() => test.close());

const owed = async (service: string) => {
  const id = await insertIncident(test.db, { service });
  await step(test.db, id, { kind: 'diagnosed', results: [] }, { actor: 'test' });
  return id;
};

describe('the relay', () => {
  it('rings once for what is owed, with as many relays as there are services', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => owed(`many-${i}`)));
    const rung: string[] = [];
    queue.consume('remediate', async (job) => {
      await runStage(
        test.db,
        job,
        AbortSignal.timeout(10_000),
        async ({ incident }) => (rung.push(incident.id), 'done'),
      );
    });
    for (let i = 0; i < 4; i++) loops.push(startRelay({ db: test.db, queue, onError, everyMs: 20 }));
    await eventually(() => expect(rung.length).toBeGreaterThanOrEqual(20));
    expect(rung.sort()).toEqual(ids.sort());
  });

  it('offers again what was lost with the queue, under the same id', async () => {
    const id = await owed('wiped');
    loops.push(startRelay({ db: test.db, queue, onError, everyMs: 20 }));
    const board = queue.boards({ shards: 0 }).find((each) => each.name === 'runbook-executor')!;
    const jobId = stageJobId(id, 'remediate', 2);
    await eventually(async () => expect(await board.getJob(jobId)).toBeTruthy());
    await board.obliterate({ force: true });
    expect(await board.getJob(jobId)).toBeFalsy();
    await moveClock(test.db, 5_000);
    await eventually(async () => expect(await board.getJob(jobId)).toBeTruthy());
    await board.obliterate({ force: true });
  });

  it('goes on when the queue was away', async () => {
    const away = connectQueue({ url: 'redis://127.0.0.1:1', name: 'away', log: silent });
    const id = await owed('away');
    const broken = startRelay({ db: test.db, queue: away, onError, everyMs: 20 });
    await eventually(() => expect(errors).toContainEqual(expect.objectContaining({ code: 'QUEUE_UNAVAILABLE' })));
    await broken.close();
    await away.close(200);
    await moveClock(test.db, 60_000);
    const board = queue.boards({ shards: 0 }).find((each) => each.name === 'runbook-executor')!;
    loops.push(startRelay({ db: test.db, queue, onError, everyMs: 20 }));
    await eventually(async () => expect(await board.getJob(stageJobId(id, 'remediate', 2))).toBeTruthy());
    await board.obliterate({ force: true });
  });
});

describe('the sweeper', () => {
  it('leaves no incident behind: what is overdue goes to a person, once', async () => {
    const id = await insertIncident(test.db, { service: 'forgotten', state: 'diagnosing' });
    for (let i = 0; i < 3; i++) loops.push(startSweeper({ db: test.db, onError, everyMs: 20 }));
    await moveClock(test.db, 61_000);
    await eventually(async () => expect(await findIncident(test.db, id)).toMatchObject({ state: 'escalated' }));
    expect((await timeline(test.db, id)).filter((entry) => entry.to === 'escalated')).toHaveLength(1);
  });

  it('pages again after an hour without an end, and closes what was resolved', async () => {
    const waiting = await insertIncident(test.db, { service: 'waiting', state: 'escalated' });
    const over = await insertIncident(test.db, { service: 'over', state: 'resolved', resolution: 'automated' });
    loops.push(startSweeper({ db: test.db, onError, everyMs: 20 }));
    await moveClock(test.db, 61 * 60_000);
    await eventually(async () =>
      expect(await findIncident(test.db, over)).toMatchObject({ state: 'closed', deadlineAt: null }),
    );
    await eventually(async () =>
      expect(await test.db.query('SELECT stage, generation FROM outbox WHERE incident_id = $1', [waiting])).toEqual([
        { stage: 'escalate', generation: 2 },
      ]),
    );
  });
});
