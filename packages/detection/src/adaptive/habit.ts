import { slow, type Channel, type Columns } from './columns.ts';
import {
  episodeSpan,
  largerPeak,
  leastAgeMs,
  ordinary,
  otherSide,
  peakCounts,
  peakMemoryMs,
  peaks,
  peakWidth,
  peakWorth,
} from './constants.ts';
import { spanOf } from './span.ts';

const channels = 2;
const hour = 3_600_000;
const hours = 65_536;
const hourOf = (at: number) => Math.floor(at / hour) & (hours - 1);
const firstPeak = (row: number, channel: Channel) => row * peaks + (channel === slow ? peakCounts[0] : 0);

/**
 * What a tail is worth to a series that knows such peaks: what is beyond ordinary is divided by one more than the peaks of
 * past episodes that were like this one or larger. `distance` from the expected value, signed. Then follows the episode.
 */
export function habituated(
  columns: Columns,
  row: number,
  channel: Channel,
  at: number,
  tail: number,
  distance: number,
): number {
  const cell = row * channels + channel;
  const gap = spanOf(episodeSpan, columns.stepMs[row]!);
  if (columns.peakAt[cell]! > 0 && at - columns.peakAt[cell]! >= gap) endEpisode(columns, row, channel, cell);
  if (tail <= ordinary) return tail;
  const known = peakWorth[channel] * peaksLike(columns, row, channel, at, distance);
  if (!(Math.abs(distance) <= Math.abs(columns.peak[cell]!))) columns.peak[cell] = distance;
  columns.peakAt[cell] = at;
  return ordinary + (tail - ordinary) / (1 + known);
}

/** Remembers the peak of an episode in place of the oldest. */
function endEpisode(columns: Columns, row: number, channel: Channel, cell: number): void {
  const place = firstPeak(row, channel) + (columns.pastPeaks[cell]! % peakCounts[channel]);
  columns.pastPeak[place] = columns.peak[cell]!;
  columns.pastHour[place] = hourOf(columns.peakAt[cell]!);
  columns.pastPeaks[cell]!++;
  columns.peak[cell] = columns.peakAt[cell] = 0;
}

/**
 * How many past peaks are like this distance or larger, fading in three weeks; as many as there would be, had the series been
 * watched for as long as that: of a young one few are known.
 */
function peaksLike(columns: Columns, row: number, channel: Channel, at: number, distance: number): number {
  const first = firstPeak(row, channel);
  const count = Math.min(columns.pastPeaks[row * channels + channel]!, peakCounts[channel]);
  const size = Math.log(Math.abs(distance));
  let sum = 0;
  for (let i = first; i < first + count; i++) {
    const peak = columns.pastPeak[i]!;
    const more = (Math.log(Math.abs(peak)) - size) / peakWidth;
    let like = Math.exp((-more * more) / 2);
    if (more > 0) like = Math.max(like, largerPeak);
    if (peak > 0 !== distance > 0) like *= otherSide;
    const age = (hourOf(at) - columns.pastHour[i]!) & (hours - 1);
    sum += like * Math.exp((-age * hour) / peakMemoryMs);
  }
  return sum === 0 ? 0 : sum / (1 - Math.exp(-(at - columns.bornAt[row]! + leastAgeMs) / peakMemoryMs));
}
