import type { Random } from './random.ts';
import type { Wipe } from './world/doorbell.ts';

/** The moments of a life at which a process is killed or stopped: between which two lines it is. */
export const points = {
  /** Diagnostics has asked a service how it is. */
  looking: 'diagnostics',
  /** Its findings are committed. */
  diagnosed: 'diagnostics',
  /** The executor has asked a target how it is, for its plan. */
  planning: 'runbook-executor',
  /** The plan is committed. */
  chosen: 'runbook-executor',
  /** Inside the transaction of admission. */
  admitting: 'runbook-executor',
  /** The intent is committed. */
  admitted: 'runbook-executor',
  /** The target has the request, and has done nothing yet. */
  received: 'runbook-executor',
  /** It has done it, and has not answered. */
  applied: 'runbook-executor',
  /** It has answered. */
  answered: 'runbook-executor',
  /** Inside the transaction that records the outcome. */
  recording: 'runbook-executor',
  /** The outcome is committed. */
  recorded: 'runbook-executor',
  /** Whenever, whoever. */
  random: null,
} as const;
export type Point = keyof typeof points;

export type Fault =
  | { kind: 'kill'; at: Point }
  | { kind: 'stop'; at: Point }
  | { kind: 'wipe'; how: Wipe }
  | { kind: 'restart' }
  /** The other side dies in the middle of what it was asked for. */
  | { kind: 'kill_platform' };

export type Amounts = { kills: number; stops: number; wipes: number; restarts: number };

/** What goes with so many kills unless said otherwise: 500 kills, 95 stops, 15 wipes, 5 restarts of the database. */
export const amountsFor = (kills: number): Amounts => ({
  kills,
  stops: Math.round(kills * 0.19),
  wipes: Math.round(kills * 0.03),
  restarts: Math.ceil(kills * 0.01),
});

const killsPerRound = 30;
const acting = new Set<Point>(['admitting', 'admitted', 'received', 'applied', 'answered', 'recording', 'recorded']);
const killPoints = Object.keys(points) as Point[];
const stopPoints: Point[] = ['looking', 'planning', 'admitted', 'received', 'applied', 'answered', 'random'];

/** Every fault of the run, round by round, in an order that the seed decides. Each named point comes up as often as any other, `random` three times as often. */
export function planRounds(amounts: Amounts, wipes: readonly Wipe[], random: Random): Fault[][] {
  const turns = <T>(list: readonly T[], count: number) =>
    Array.from({ length: count }, (_, i) => list[i % list.length]!);
  const kills = turns(random.shuffle([...killPoints, 'random', 'random'] as Point[]), amounts.kills);
  const stops = turns(random.shuffle(stopPoints), amounts.stops);
  const faults: Fault[][] = [
    kills.map((at) => ({ kind: 'kill', at })),
    stops.map((at) => ({ kind: 'stop', at })),
    turns(random.shuffle(wipes), amounts.wipes).map((how) => ({ kind: 'wipe', how })),
    Array.from({ length: amounts.restarts }, () => ({ kind: 'restart' })),
    Array.from({ length: Math.ceil(amounts.kills / 15) }, () => ({ kind: 'kill_platform' })),
  ];
  const rounds = Math.max(1, Math.ceil(amounts.kills / killsPerRound));
  // Kind by kind onto the rounds in turn, so that every round has its share of each.
  const dealt: Fault[][] = Array.from({ length: rounds }, () => []);
  faults.flat().forEach((fault, i) => dealt[i % rounds]!.push(fault));
  return dealt.map((round) => inOrder(round, random));
}

/** The limits of a round are used up before it ends: what needs an action that is let through comes in its first part. */
function inOrder(round: Fault[], random: Random): Fault[] {
  const needsAction = (fault: Fault) => 'at' in fault && acting.has(fault.at);
  const keyed = round.map((fault) => ({ fault, key: random.next() * (needsAction(fault) ? 0.6 : 1) }));
  return keyed.sort((a, b) => a.key - b.key).map(({ fault }) => fault);
}
