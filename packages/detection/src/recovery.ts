/** One series that was anomalous: the band from before, and the points seen since. An open side of the band is infinite. */
export type WatchedSeries = {
  seriesId: number;
  name: string;
  low: number;
  high: number;
  points: { at: number; value: number }[];
};

export type RecoveryInput = {
  series: WatchedSeries[];
  /** When the last action was finished: only later points are evidence (epoch ms). */
  since: number;
  now: number;
  /** How long every series must have been inside its band, and with how many samples at least. */
  holdMs: number;
  minSamples: number;
};

/**
 * `recovered`: proven. `not_recovered`: at least one series is outside its band. `waiting`: none is, but it is not proven yet.
 * `freshSamples` counts the points that were evidence.
 */
export type RecoveryResult = {
  verdict: 'recovered' | 'waiting' | 'not_recovered';
  detail: string;
  freshSamples: number;
};

type Finding = { verdict: RecoveryResult['verdict']; detail: string; samples: number };

/**
 * Judges recovery from fresh evidence alone. No series or no data is never recovery: it is waiting. Every series must lie
 * inside its band from before for the whole hold, without a hole in it, up to now. Pure.
 */
export function judgeRecovery(input: RecoveryInput): RecoveryResult {
  if (input.series.length === 0) return { verdict: 'waiting', detail: 'no series to judge by', freshSamples: 0 };
  const findings = input.series.map((series) => judgeSeries(series, input));
  const freshSamples = findings.reduce((sum, finding) => sum + finding.samples, 0);
  const open =
    findings.find((finding) => finding.verdict === 'not_recovered') ??
    findings.find((finding) => finding.verdict === 'waiting');
  if (open) return { verdict: open.verdict, detail: open.detail, freshSamples };
  const held = `${findings.length} series inside their bands for ${seconds(input.holdMs)}`;
  return { verdict: 'recovered', detail: `${held}, ${freshSamples} fresh samples`, freshSamples };
}

function judgeSeries(series: WatchedSeries, { since, now, holdMs, minSamples }: RecoveryInput): Finding {
  const fresh = series.points.filter((point) => point.at > since && point.at <= now).sort((a, b) => a.at - b.at);
  const samples = fresh.length;
  const last = fresh.at(-1);
  const waiting = (detail: string): Finding => ({ verdict: 'waiting', detail: `${series.name}: ${detail}`, samples });
  if (!last) return waiting('no fresh sample yet');
  if (isOutside(series, last.value)) {
    return {
      verdict: 'not_recovered',
      detail: `${series.name}: ${format(last.value)} is outside ${band(series)}`,
      samples,
    };
  }
  const run = fresh.slice(fresh.findLastIndex((point) => isOutside(series, point.value)) + 1);
  const inside = last.at - run[0]!.at;
  if (inside < holdMs) return waiting(`inside its band for ${seconds(inside)} of ${seconds(holdMs)}`);
  if (run.length < minSamples) return waiting(`${run.length} of ${minSamples} fresh samples inside its band`);
  const hole = longestHole(run, last.at - holdMs, now);
  const allowed = Math.max(holdMs / 2, 3 * medianStep(run));
  if (hole > allowed) return waiting(`no sample for ${seconds(hole)} of the hold`);
  return { verdict: 'recovered', detail: '', samples };
}

const isOutside = (series: WatchedSeries, value: number) => !(value >= series.low && value <= series.high);

/** Longest time without a sample that reaches beyond `from`, the one until `now` included. */
function longestHole(points: { at: number }[], from: number, now: number): number {
  const holes = points.map((point, i) => ({ since: point.at, until: points[i + 1]?.at ?? now }));
  return Math.max(...holes.filter((hole) => hole.until > from).map((hole) => hole.until - hole.since));
}

function medianStep(points: { at: number }[]): number {
  const gaps = points
    .slice(1)
    .map((point, i) => point.at - points[i]!.at)
    .sort((a, b) => a - b);
  return gaps[Math.floor(gaps.length / 2)] ?? 0;
}

const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`;
const format = (value: number) => String(Number(value.toPrecision(4)));
const band = (series: WatchedSeries) =>
  Number.isFinite(series.low) && Number.isFinite(series.high)
    ? `${format(series.low)} to ${format(series.high)}`
    : Number.isFinite(series.high)
      ? `its limit of ${format(series.high)}`
      : `its least value of ${format(series.low)}`;
