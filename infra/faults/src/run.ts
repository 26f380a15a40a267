import { setTimeout as pause } from 'node:timers/promises';
import { startCustomers, type Customers } from './customers.ts';
import { inject, type Injected } from './inject.ts';
import { judge, type Verdict } from './judge.ts';
import { mendEscalated, startApprovers } from './people.ts';
import { planRounds, type Amounts, type Fault } from './plan.ts';
import { readLedger } from './platform/ledger.ts';
import { randomFrom, type Random } from './random.ts';
import { actionsOf, incidentsOf, unfinishedIn } from './records.ts';
import { watchCommits, type Moments } from './world/moments.ts';
import { buildWorld, type World } from './world/world.ts';

export type RunOptions = Amounts & {
  seed: number;
  queue: 'redis' | 'postgres';
  executor?: string;
  keep: boolean;
  /** Aborted: everything that was started is ended, and the run rejects with its reason. */
  signal: AbortSignal;
  say: (text: string) => void;
};

export type Outcome = {
  injected: Injected[];
  incidents: { resolved: number; escalated: number; all: number };
  effects: number;
  verdict: Verdict & { unfinished: string[] };
  /** Processes that ended without having been killed. */
  deaths: string[];
  seconds: number;
  /** Where logs and database were kept, if they were. */
  kept: string | null;
};

/** Rounds are this far apart, so that no window of any limit, no reopening and no flapping reaches from one use of a service into the next. */
const betweenRoundsMs = 65 * 60_000;
/** So long after the last fault everything must be at its end. */
const finishMs = 60_000;

/** Builds a world, breaks it as planned, and judges what came of it. */
export async function runFaults(options: RunOptions): Promise<Outcome> {
  const { seed, say } = options;
  const began = performance.now();
  const random = randomFrom(seed);
  let customers: Customers | undefined;
  const world = await buildWorld({ ...options, onEffect: (target) => customers?.healedBy(target) });
  const closers = [() => world.close(options.keep)];
  const stopped = new Promise<never>((_, reject) => {
    options.signal.addEventListener('abort', () => reject(options.signal.reason as Error), { once: true });
  });
  const work = async (): Promise<Outcome> => {
    options.signal.throwIfAborted();
    while (!world.processes.every((process) => process.up())) await pause(50);
    const moments = await watchCommits(world.db);
    closers.push(() => moments.close());
    customers = startCustomers(world, random.shuffle);
    closers.push(customers.close);
    const approvers = startApprovers(world.db);
    closers.push(approvers.close);
    say(`seed ${seed}, queue on ${options.queue}: ${world.processes.length} processes are up, logs in ${world.dir}`);

    const rounds = planRounds(options, world.doorbell.wipes, random);
    const injected: Injected[] = [];
    const unfinished: string[] = [];
    for (const [i, faults] of rounds.entries()) {
      if (i > 0) await world.skip(betweenRoundsMs);
      customers.begin(i);
      const done = await strikes(world, moments, customers, random, faults);
      injected.push(...done);
      const left = await settled(world, customers, i);
      unfinished.push(...left);
      say(
        `round ${i + 1} of ${rounds.length}: ${await inWords(world, done)}${left.length > 0 ? `; unfinished: ${left.join(', ')}` : ''}`,
      );
      if (i + 1 < rounds.length) await mended(world);
    }
    const [incidents, actions] = [await incidentsOf(world.db), await actionsOf(world.db)];
    const { effects, pages } = readLedger(world.ledger);
    const verdict = judge({ outages: customers.outages, incidents, actions, effects, pages });
    const escalated = pages.map(({ incidentId }) => incidentId);
    return {
      injected,
      incidents: {
        all: incidents.length,
        escalated: new Set(escalated).size,
        resolved: incidents.filter(({ id }) => !escalated.includes(id)).length,
      },
      effects: effects.length,
      verdict: { ...verdict, unfinished },
      deaths: world.deaths,
      seconds: (performance.now() - began) / 1_000,
      kept: options.keep ? world.dir : null,
    };
  };
  try {
    return await Promise.race([work(), stopped]);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** One fault after the other, while services go down at about the same pace. */
async function strikes(
  world: World,
  moments: Moments,
  customers: Customers,
  random: Random,
  faults: Fault[],
): Promise<Injected[]> {
  const done: Injected[] = [];
  for (let i = 0; i < 4; i++) customers.breakOne();
  for (const fault of faults) {
    customers.breakOne();
    await pause(random.between(50, 400));
    done.push(await inject(world, moments, random, fault));
  }
  while (customers.breakOne());
  return done;
}

/** Waits until every outage of the round has its incident and every incident its end; returns what had not in time. */
async function settled(world: World, customers: Customers, round: number): Promise<string[]> {
  for (const deadline = Date.now() + finishMs; ; await pause(250)) {
    // A service whose neighbours are sick counts as harmed, and is not proved well before somebody has seen to them.
    await mendEscalated(world.db, customers.mend).catch(() => {});
    const left = await leftIn(world, customers, round).catch((error: unknown) => [String(error)]);
    if (left.length === 0 || Date.now() > deadline) return left;
  }
}

async function leftIn({ db, processes }: World, customers: Customers, round: number): Promise<string[]> {
  const missing = customers.outages.filter((outage) => outage.round === round).map(({ service }) => service);
  const known = new Set((await incidentsOf(db)).map(({ service }) => service));
  return [
    ...missing.filter((service) => !known.has(service)).map((service) => `no incident of ${service} yet`),
    ...(await unfinishedIn(db)),
    ...processes.filter((process) => process.frozen()).map(({ name }) => `${name} is stopped`),
  ];
}

/** Waits until every signal is seen to be well. */
async function mended({ db }: World): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await pause(200)) {
    const sick = await db.query('SELECT 1 FROM anomaly WHERE ended_at IS NULL LIMIT 1').catch(() => [1]);
    if (sick.length === 0) return;
  }
}

async function inWords({ db, ledger }: World, done: Injected[]): Promise<string> {
  const of = (kind: string) => done.filter((each) => each.kind === kind).length;
  const incidents = await incidentsOf(db);
  return [
    `${of('kill')} kills, ${of('stop')} stops, ${of('wipe')} wipes, ${of('restart')} restarts`,
    `so far ${incidents.length} incidents, ${readLedger(ledger).effects.length} effects`,
  ].join('; ');
}
