import { countEvents, type EventFigures } from './events.ts';
import { replayService } from './incidents-run.ts';

const minuteMs = 60_000;
const dayRows = 1_440;
const days = 7;

/** Incidents per day of one service with many noisy series, by either rule, the first day left out. */
export type FleetFigures = { series: number; together: EventFigures; counts: EventFigures };

/**
 * A week of one service, a sample a minute of each series: noise of any memory (AR(1), 0 to .98) and any tail (Student's t, 3 to 30
 * degrees of freedom), days, and a load that a third of the series share. From the third day on two outages a day: 10 to 40 minutes in
 * which 2 to 30 series are 8 to 20 units further out. The same in every run.
 */
export function benchFleet(series = 700): FleetFigures {
  const random = randomFrom(7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const student = (df: number) => {
    let squares = 0;
    for (let i = 0; i < df; i++) squares += normal() ** 2;
    return normal() / Math.sqrt(squares / df);
  };
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const kinds = Array.from({ length: series }, () => ({
    memory: pick([0, 0.5, 0.9, 0.98]),
    df: pick([3, 4, 6, 30]),
    day: random() < 0.5 ? 0 : 1 + 4 * random(),
    phase: random() * 2 * Math.PI,
    load: random() < 0.33 ? random() : 0,
    noise: 0,
  }));
  const rows = days * dayRows;
  const outages = outagesOf(random, pick, series);
  const label = Uint8Array.from({ length: rows }, (_, i) =>
    Number(outages.some(({ from, to }) => i >= from && i < to)),
  );
  const at = Float64Array.from({ length: rows }, (_, i) => Date.UTC(2026, 0, 5) + i * minuteMs);
  let load = 0;
  const value = (s: number, i: number) => {
    const kind = kinds[s]!;
    if (s === 0) load = 0.98 * load + Math.sqrt(1 - 0.98 ** 2) * normal();
    kind.noise = kind.memory * kind.noise + Math.sqrt(1 - kind.memory ** 2) * student(kind.df);
    const outage = label[i] ? outages.find(({ from, to, hit }) => i >= from && i < to && hit.has(s)) : undefined;
    const daily = kind.day * Math.sin(kind.phase + (i / dayRows) * 2 * Math.PI);
    return 100 + kind.noise + kind.load * load + daily + (outage?.size ?? 0);
  };
  const alarms = replayService({ name: 'fleet', at, series, value }, 'adaptive', ['evidence', 'counts']);
  const count = (alarm: Uint8Array) => countEvents([{ at, label, first: dayRows, alarm }]);
  return { series, together: count(alarms.evidence), counts: count(alarms.counts) };
}

function outagesOf(random: () => number, pick: <T>(all: readonly T[]) => T, series: number) {
  const found: { from: number; to: number; hit: Set<number>; size: number }[] = [];
  for (let day = 2; day < days; day++) {
    for (const hour of [4, 15]) {
      const from = day * dayRows + hour * 60 + Math.floor(random() * 120);
      const hit = new Set(Array.from({ length: pick([2, 3, 5, 10, 30]) }, () => Math.floor(random() * series)));
      found.push({ from, to: from + 10 + Math.floor(random() * 30), hit, size: pick([8, 12, 20]) });
    }
  }
  return found;
}

/** Evenly spread numbers from 0 to 1 that look random and are not (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
