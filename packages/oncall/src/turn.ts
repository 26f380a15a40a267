import type { Layer } from '@nightshift/types';
import { instantOf, Temporal, wallClock } from './wall-clock.ts';

/** When turn number `nth` of a layer begins (epoch ms). */
export function turnStart({ startsOn, handover, turn }: Layer, nth: number, timeZone: string): number {
  const first = Temporal.PlainDate.from(startsOn).toPlainDateTime(handover);
  return instantOf(first.add({ [`${turn.unit}s`]: nth * turn.every }), timeZone);
}

/** Whose turn it is at `at`, counted from 0, or null before the first. */
export function turnAt(layer: Layer, at: number, timeZone: string): number | null {
  const { startsOn, handover, turn } = layer;
  const first = Temporal.PlainDate.from(startsOn).toPlainDateTime(handover);
  const passed = first.until(wallClock(at, timeZone), { largestUnit: turn.unit })[`${turn.unit}s`];
  // By the wall clock, which is at most some hours off: instants decide.
  let nth = Math.floor(passed / turn.every) - 1;
  while (turnStart(layer, nth + 1, timeZone) <= at) nth += 1;
  return nth < 0 ? null : nth;
}

/** Who is on in a turn: `atOnce` different people, each turn beginning with the next of them. */
export function peopleOf({ people, atOnce }: Layer, nth: number): string[] {
  const distinct = [...new Set(people)];
  if (atOnce === 1) return [people[nth % people.length]!];
  return Array.from({ length: atOnce }, (_, slot) => distinct[(nth + slot) % distinct.length]!);
}
