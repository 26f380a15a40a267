import type { RatioSignal, SloSignal } from '@nightshift/types';
import { chanceEvents } from '../tail.ts';
import { burnRate, ratioOf, type Weight } from './ratio.ts';
import { addTo, makeSlots, slotsPerWindow, sumOf, type Slots } from './slots.ts';

/** A ratio or an objective of one service and, if told apart by labels, of one set of them: what it has counted. */
export type Share = {
  signal: RatioSignal | SloSignal;
  service: string;
  labels: Record<string, string>;
  /** Its windows by their length (ms), the shortest first. */
  windows: Map<number, Slots>;
  /** The time of its first sample and of its newest. */
  since: number;
  newestAt: number;
  /** The end of the last slot that was looked at. */
  evaluatedTo: number;
};

/** `floor`: the least change that means something. */
export type ShareSample = { name: string; at: number; value: number; floor: number };

/** A slot is looked at when a sample this much later comes: the parts of a scrape may come in several batches. */
const graceMs = 5_000;
const minuteMs = 60_000;

const isSlo = (signal: RatioSignal | SloSignal): signal is SloSignal => 'objective' in signal;

const windowsOf = (signal: RatioSignal | SloSignal): number[] =>
  isSlo(signal)
    ? [
        minuteMs,
        ...signal.alerts.flatMap(({ longMinutes, shortMinutes }) => [longMinutes * minuteMs, shortMinutes * minuteMs]),
      ]
    : [signal.windowSeconds * 1_000];

export function newShare(signal: Share['signal'], service: string, labels: Share['labels'], at: number): Share {
  const lengths = [...new Set(windowsOf(signal))].sort((a, b) => a - b);
  const windows = new Map(lengths.map((ms) => [ms, makeSlots(ms)]));
  return { signal, service, labels, windows, since: at, newestAt: at, evaluatedTo: 0 };
}

/** How long it is of use without a new sample. */
export const rememberedMs = (share: Share): number => Math.max(...share.windows.keys(), 3_600_000);

/** Adds what a counter has counted up to a time. Returns what the slots say that are over by now, in the order of time. */
export function addCount(share: Share, at: number, grown: number, weight: Weight): ShareSample[] {
  const due = evaluate(share, at);
  for (const slots of share.windows.values()) addTo(slots, at, grown * weight.errors, grown * weight.requests);
  share.newestAt = Math.max(share.newestAt, at);
  return due;
}

function evaluate(share: Share, at: number): ShareSample[] {
  const [shortest] = share.windows.values();
  const { slotMs, requests, head } = shortest!;
  const to = Math.floor((at - graceMs) / slotMs);
  const from = Math.max(share.evaluatedTo / slotMs, to - slotsPerWindow, 0);
  share.evaluatedTo = Math.max(share.evaluatedTo, to * slotMs);
  const values: ShareSample[] = [];
  for (let slot = Math.round(from); slot < to && slot <= head; slot++) {
    // Where nothing was counted there is nothing new to say.
    if (requests[slot % requests.length] !== 0) values.push(...valuesAt(share, (slot + 1) * slotMs));
  }
  return values;
}

function valuesAt({ signal, windows }: Share, at: number): ShareSample[] {
  const counted = (ms: number) => sumOf(windows.get(ms)!, at);
  if (!isSlo(signal)) {
    const window = counted(signal.windowSeconds * 1_000);
    const value = ratioOf(window, signal.minRequests);
    return value === null ? [] : [{ name: signal.name, at, value, floor: chanceEvents / window.requests }];
  }
  return signal.alerts.flatMap((alert) => {
    const [long, short, minute] = [alert.longMinutes, alert.shortMinutes, 1].map((minutes) =>
      counted(minutes * minuteMs),
    );
    const value = burnRate({ long: long!, short: short!, minute: minute! }, signal);
    return value === null ? [] : [{ name: burnName(signal, alert), at, value, floor: 0 }];
  });
}

/** The series of a burn rate: `checkout:burn_rate_1h`. */
export const burnName = ({ name }: Pick<SloSignal, 'name'>, { longMinutes }: { longMinutes: number }): string =>
  `${name}:burn_rate_${inWords(longMinutes)}`;

/** 90 is `90m`, 360 is `6h`, 4,320 is `3d`. */
export function inWords(minutes: number): string {
  if (minutes % 1_440 === 0) return `${minutes / 1_440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}
