import { InvalidArgumentError } from 'commander';

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30s`, `15m`, `2h` or `7d`. Throws where it is anything else. */
export function spanMs(text: string): number {
  const found = /^(\d{1,6})([smhd])$/.exec(text);
  if (!found) throw new InvalidArgumentError('It must be a number and a unit: 30s, 15m, 2h or 7d.');
  return Number(found[1]) * unitsMs[found[2] as keyof typeof unitsMs];
}
