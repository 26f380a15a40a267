import { actionLimits } from '@nightshift/types';
import { points, type Fault, type Point } from './plan.ts';
import type { HeldAt } from './platform/messages.ts';
import type { Random } from './random.ts';
import { stepTimeoutMs } from './world/configuration.ts';
import { whileWaiting, type Moments } from './world/moments.ts';
import type { Kept } from './world/processes.ts';
import type { World } from './world/world.ts';

/** What was really done, and at which point: `random` where the named moment did not come in time. */
export type Injected = { kind: Fault['kind']; at: string };

/** So long a process is stopped: beyond any lease and beyond the lock of its job. */
const frozenMs = stepTimeoutMs + actionLimits.leaseMarginMs + 1_000;
const patienceMs = 2_500;

const eventOf: Partial<Record<Point, string>> = {
  diagnosed: 'diagnosed',
  chosen: 'runbook_chosen',
  admitted: 'action_started',
  recorded: 'action_finished',
};

export async function inject(world: World, moments: Moments, random: Random, fault: Fault): Promise<Injected> {
  switch (fault.kind) {
    case 'wipe':
      await world.doorbell.wipe(fault.how);
      return { kind: 'wipe', at: fault.how };
    case 'restart':
      await world.crashPostgres();
      return { kind: 'restart', at: 'random' };
    case 'kill_platform': {
      const held = await world.outside.hold('applied', patienceMs);
      await world.outside.kill();
      return { kind: 'kill_platform', at: held ? 'applied' : 'random' };
    }
    case 'kill':
    case 'stop': {
      const strike = (process: Kept) => (fault.kind === 'kill' ? process.kill() : process.freeze(frozenMs));
      const struck = await strikeAt(world, moments, fault.at, strike).catch(() => false);
      if (struck) return { kind: fault.kind, at: fault.at };
      await strikeAnyone(world, random, strike);
      return { kind: fault.kind, at: 'random' };
    }
  }
}

type Strike = (process: Kept) => boolean;

/** Waits for the moment and strikes whoever is in it. False: it did not come, or there is no such moment. */
async function strikeAt(world: World, moments: Moments, at: Point, strike: Strike): Promise<boolean> {
  if (at === 'random') return false;
  const named = (name: string) => {
    const process = world.processes.find((each) => each.name === name && each.service === points[at]);
    return process !== undefined && strike(process);
  };
  if (eventOf[at]) {
    const process = await moments.committed(eventOf[at], patienceMs);
    return process !== null && named(process);
  }
  const executor = points.admitting;
  if (at === 'admitting') {
    let struck = false;
    const lock = (tx: { query: World['db']['query'] }) =>
      tx.query(`SELECT 1 FROM budget WHERE scope = 'global' FOR UPDATE`);
    await whileWaiting(world.db, lock, executor, patienceMs, (process) => (struck = named(process)));
    return struck;
  }
  const held = await world.outside.hold(at === 'recording' ? 'applied' : (at as HeldAt), patienceMs);
  if (!held) return false;
  if (at !== 'recording') {
    const struck = named(held.caller);
    world.outside.release(held);
    return struck;
  }
  let struck = false;
  const lock = async (tx: { query: World['db']['query'] }) => {
    await tx.query('SELECT 1 FROM incident WHERE id = (SELECT incident_id FROM action WHERE id = $1) FOR UPDATE', [
      held.key,
    ]);
    world.outside.release(held);
  };
  await whileWaiting(world.db, lock, executor, patienceMs, (process) => (struck = named(process)));
  return struck;
}

/** Mostly executors, then diagnostics, now and then one of the others. Waits until somebody is there to be struck. */
async function strikeAnyone(world: World, random: Random, strike: Strike): Promise<void> {
  const roll = random.next();
  const wanted = (service: string) =>
    roll < 0.6
      ? service === 'runbook-executor'
      : roll < 0.8
        ? service === 'diagnostics'
        : service !== 'runbook-executor' && service !== 'diagnostics';
  for (;;) {
    const there = world.processes.filter((process) => process.up() && wanted(process.service));
    if (there.length > 0 && strike(random.pick(there))) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
