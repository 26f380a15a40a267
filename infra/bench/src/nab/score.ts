import type { NabFile, Profile } from './corpus.ts';

/** What a detection, a missed window and a false alarm weigh (NAB, `config/profiles.json`). */
export const profiles: Record<Profile, { tp: number; fn: number; fp: number }> = {
  standard: { tp: 1, fn: 1, fp: 0.11 },
  reward_low_FP_rate: { tp: 1, fn: 1, fp: 0.22 },
  reward_low_FN_rate: { tp: 1, fn: 2, fp: 0.11 },
};

/** Every row that counts: its score, what it is worth at weight one, and its window (-1: outside of all). */
export type Rows = { score: Float64Array; worth: Float64Array; window: Int32Array; windows: number };

/** Lavin and Ahmad 2015: full value at the start of a window, none at its end, a full false alarm far behind it. */
const sigmoid = (y: number) => (y > 3 ? -1 : 2 / (1 + Math.exp(5 * y)) - 1);

/** How many rows at the start of a file are not scored. */
const probation = (rows: number) => Math.min(Math.floor(0.15 * rows), 750);

/** The scored rows of all files, where `scores[i]` belongs to `files[i]`. */
export function rowsOf(files: NabFile[], scores: ArrayLike<number>[]): Rows {
  const kept = files.reduce((sum, { at }) => sum + at.length - probation(at.length), 0);
  const rows: Rows = {
    score: new Float64Array(kept),
    worth: new Float64Array(kept),
    window: new Int32Array(kept).fill(-1),
    windows: 0,
  };
  let cell = 0;
  files.forEach((file, f) => {
    for (let i = probation(file.at.length); i < file.at.length; i++, cell++) {
      const inside = file.windows.findIndex(([from, to]) => i >= from && i <= to);
      rows.score[cell] = scores[f]![i]!;
      rows.worth[cell] = worthOf(file.windows, i, inside);
      if (inside >= 0) rows.window[cell] = rows.windows + inside;
    }
    rows.windows += file.windows.length;
  });
  return rows;
}

function worthOf(windows: [number, number][], row: number, inside: number): number {
  if (inside >= 0) {
    const [from, to] = windows[inside]!;
    return sigmoid(-(to - row + 1) / (to - from + 1)) / sigmoid(-1);
  }
  const before = windows.findLast(([, to]) => to < row);
  if (!before) return -1;
  return sigmoid((row - before[1]) / (before[1] - before[0]));
}

/** 0: an alarm never. 100: every window detected on its first row and nothing else. */
function normalise(raw: number, profile: Profile, windows: number): number {
  const nothing = -windows * profiles[profile].fn;
  return (100 * (raw - nothing)) / (windows - nothing);
}

export type Swept = { threshold: number; score: number; raw: number };

/** The best threshold of all distinct scores, and the normalised score there. */
export function sweep(rows: Rows, profile: Profile, order = byScore(rows)): Swept {
  let best: Swept = { threshold: Infinity, score: 0, raw: -rows.windows * profiles[profile].fn };
  walk(rows, profile, order, (threshold, raw) => {
    if (raw > best.raw) best = { threshold, raw, score: normalise(raw, profile, rows.windows) };
    return true;
  });
  return best;
}

/** The normalised score at one threshold: alarms are the rows that reach it. */
export function scoreAt(rows: Rows, profile: Profile, threshold: number, order = byScore(rows)): number {
  let found = -rows.windows * profiles[profile].fn;
  walk(rows, profile, order, (at, raw) => {
    if (at < threshold) return false;
    found = raw;
    return true;
  });
  return normalise(found, profile, rows.windows);
}

/** Rows by falling score. */
export function byScore({ score }: Rows): Uint32Array {
  return Uint32Array.from(score.keys()).sort((a, b) => score[b]! - score[a]!);
}

/** Lowers the threshold score by score and tells the raw result at each, while `visit` wants more. */
function walk(rows: Rows, profile: Profile, order: Uint32Array, visit: (at: number, raw: number) => boolean): void {
  const weight = profiles[profile];
  const windowWorth = new Float64Array(rows.windows).fill(-weight.fn);
  let raw = -rows.windows * weight.fn;
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    const window = rows.window[row]!;
    if (window < 0) raw += weight.fp * rows.worth[row]!;
    else {
      const worth = weight.tp * rows.worth[row]!;
      const more = worth - windowWorth[window]!;
      if (more > 0) {
        raw += more;
        windowWorth[window] = worth;
      }
    }
    const score = rows.score[row]!;
    const next = i + 1 < order.length ? rows.score[order[i + 1]!]! : -Infinity;
    if (next !== score && !visit(score, raw)) return;
  }
}
