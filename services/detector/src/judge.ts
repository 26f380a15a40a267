import { evidenceScore, type Judgement, type Rule } from '@nightshift/detection';
import { follow } from './episodes.ts';
import type { SeriesInfo } from './series.ts';
import { noteEvidence, refuse, type Shard } from './shard.ts';

type Count = (outcome: string) => void;

/** Judges one sample, follows its episode, and keeps it where its series is watched. */
export function judge(shard: Shard, series: SeriesInfo, at: number, value: number, count: Count): void {
  const isCounter = series.asCounter && shard.signals.kindOf(series.id, at, value) === 'counter';
  judgeBy(shard, series, isCounter ? series.asCounter! : series.rule, at, value, count);
}

function judgeBy(shard: Shard, series: SeriesInfo, rule: Rule, at: number, value: number, count: Count): void {
  const { id, name } = series;
  const verdict = shard.detector.observe(id, name, at, value, rule);
  const judgement: Judgement =
    rule.threshold && verdict.accepted ? shard.signals.limit(id, rule.threshold, at, verdict) : verdict;
  count(judgement.dropped ?? judgement.state);
  if (judgement.dropped === 'memory_limit') refuse(shard, series, at);
  if (!judgement.accepted) return;
  follow(shard.episodes, series, at, judgement);
  const score = evidenceScore(shard.config(), rule, at, judgement);
  if (score > 0) noteEvidence(shard, series, at, score);
  shard.whyNot.verdict(series, at, judgement);
  if (Number.isFinite(judgement.value)) watch(shard, id, at, judgement);
}

/** Judges what came of the samples taken for signals. What cannot be registered now stays due. */
export async function judgeSignals(shard: Shard, count: Count): Promise<void> {
  shard.due.push(...shard.signals.settle());
  if (shard.due.length === 0) return;
  const series = await shard.derived.of(shard.due, shard.fence.shard);
  const due = shard.due.splice(0);
  due.forEach(({ at, value, floor }, i) => {
    const info = series[i];
    if (info)
      judgeBy(shard, info, info.rule.minEffect > 0 ? info.rule : { ...info.rule, minEffect: floor }, at, value, count);
  });
}

function watch(shard: Shard, seriesId: number, at: number, { value, expected, low, high }: Judgement) {
  const known = (bound: number) => (Number.isNaN(bound) ? null : bound);
  for (const incidentId of shard.watched.get(seriesId) ?? []) {
    shard.points.push({
      incidentId,
      seriesId,
      at,
      value,
      expected: known(expected),
      low: known(low),
      high: known(high),
    });
  }
}
