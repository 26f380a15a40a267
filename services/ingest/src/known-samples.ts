import { isDeepStrictEqual } from 'node:util';
import { inputLimits, type Batch } from '@nightshift/types';
import type { CheckedSample, Window } from './check.ts';
import { createRecentMap } from './recent-map.ts';
import { numberEnd, opening, spaceEnd, stringEnd } from './wire/json.ts';

/**
 * Samples in JSON that are known by their text. A sender repeats itself: of a sample nothing changes but two numbers, so the text around them
 * is compared with what stood there the last time, which takes a fraction of the time of parsing it. Text is compared, never hashes
 * alone. Bounded as `RecentMap` is.
 */
export type KnownSamples = {
  /** The samples of a body, where the series of all are known, all is well-formed, and all times are within the window; else undefined: it must be parsed. */
  read(body: Buffer, window: Window): { batch: Batch; count: number } | undefined;
  /** Remembers the text of the samples that a body was parsed to, all of them good, under the ids of their series. */
  learn(body: Buffer, samples: readonly unknown[], ids: ArrayLike<number>): void;
};

/** The text of a sample, in three pieces around its two numbers, as Latin-1: a character for each byte. */
type Text = { head: string; middle: string; tail: string };
/** `next`: what came after it the last time. */
type Known = Text & { id: number; valueFirst: boolean; next: Known | undefined };

/** Where a sample stands: its two numbers, and its end. */
type Place = { from1: number; to1: number; from2: number; to2: number; end: number };

/** Longer ones are parsed each time. */
const mostChars = 4_096;
const leastChars = '{"name":"","value":0,"timestamp":0}'.length;

const code = (char: string) => char.charCodeAt(0);
const [quote, comma, open, close, endOfList] = [code('"'), code(','), code('{'), code('}'), code(']')];

export function createKnownSamples(maxSeries: number): KnownSamples {
  const byText = createRecentMap<Known>(maxSeries);
  const place: Place = { from1: 0, to1: 0, from2: 0, to2: 0, end: 0 };

  const find = (text: string, at: number) => (cut(text, at, place) ? byText.get(keyOf(text, at, place)) : undefined);

  return {
    read(body, { oldest, newest }) {
      const text = body.toString('latin1');
      const rows = emptyBatch(Math.min(inputLimits.samplesPerRequest, Math.ceil(text.length / leastChars)));
      let count = 0;
      let before: Known | undefined;
      for (let at = opening(text); at > 0; at = spaceEnd(text, at + 1)) {
        let known = before?.next;
        if (!known || !stands(known, text, at, place)) {
          known = find(text, at);
          if (before && known) before.next = known;
        }
        if (!known || count === rows.values.length) return undefined;
        const one = Number(text.substring(place.from1, place.to1));
        const other = Number(text.substring(place.from2, place.to2));
        const value = known.valueFirst ? one : other;
        const time = known.valueFirst ? other : one;
        if (!Number.isFinite(value) || !Number.isInteger(time) || time < oldest || time > newest) return undefined;
        rows.seriesIds[count] = known.id;
        rows.timestamps[count] = time;
        rows.values[count] = value;
        count += 1;
        before = known;
        at = spaceEnd(text, place.end);
        if (text.charCodeAt(at) === comma) continue;
        return isLast(text, at) ? { batch: rows, count } : undefined;
      }
      return undefined;
    },

    learn(body, samples, ids) {
      const text = body.toString('latin1');
      let at = opening(text);
      for (let i = 0; i < samples.length && at > 0 && cut(text, at, place); i++) {
        const key = keyOf(text, at, place);
        if (byText.get(key) === undefined) {
          const known = knownAs(partsOf(key, at, place), samples[i] as CheckedSample, ids[i]!);
          if (known) byText.set(key, known);
        }
        at = spaceEnd(text, place.end);
        if (text.charCodeAt(at) === comma) at = spaceEnd(text, at + 1);
      }
    },
  };
}

/** Whether a known sample stands here, whatever its numbers; then, where. */
function stands({ head, middle, tail }: Text, text: string, at: number, place: Place): boolean {
  const from1 = (place.from1 = at + head.length);
  if (text.substring(at, from1) !== head) return false;
  const to1 = (place.to1 = numberEnd(text, from1));
  const from2 = (place.from2 = to1 + middle.length);
  if (to1 === from1 || text.substring(to1, from2) !== middle) return false;
  const to2 = (place.to2 = numberEnd(text, from2));
  place.end = to2 + tail.length;
  return to2 > from2 && text.substring(to2, place.end) === tail;
}

/** Finds the end of an object that has two numbers of its own. False where there is none such. */
function cut(text: string, from: number, place: Place): boolean {
  let [depth, numbers] = [0, 0];
  for (let at = from; at < Math.min(text.length, from + mostChars); at++) {
    const char = text.charCodeAt(at);
    if (char === quote) at = stringEnd(text, at);
    else if (char === open) depth += 1;
    else if (char === close) depth -= 1;
    else if (depth === 1) {
      const to = numberEnd(text, at);
      if (to === at) continue;
      numbers += 1;
      if (numbers === 1) [place.from1, place.to1] = [at, to];
      else [place.from2, place.to2] = [at, to];
      at = to - 1;
    }
    place.end = at + 1;
    if (depth === 0) return numbers === 2;
  }
  return false;
}

/** All of a sample's text but its numbers; where each stood cannot be seen in JSON otherwise. */
const keyOf = (text: string, at: number, { from1, to1, from2, to2, end }: Place) =>
  `${text.substring(at, from1)}\0${text.substring(to1, from2)}\0${text.substring(to2, end)}`;

function partsOf(key: string, at: number, { from1, to1, from2 }: Place): Text {
  const middleFrom = from1 - at + 1;
  const tailFrom = middleFrom + from2 - to1 + 1;
  return {
    head: flat(key.substring(0, middleFrom - 1)),
    middle: flat(key.substring(middleFrom, tailFrom - 1)),
    tail: flat(key.substring(tailFrom)),
  };
}

/** A part of a string points into it; a copy by itself is compared several times as fast. */
const flat = (text: string) => Buffer.from(text, 'latin1').toString('latin1');

/** Tries it out: with other numbers in their places the text must still say the same of the series. Undefined where it does not. */
function knownAs(text: Text, sample: CheckedSample, id: number): Known | undefined {
  const { head, middle, tail } = text;
  const trial = JSON.parse(Buffer.from(`${head}1${middle}2${tail}`, 'latin1').toString('utf8')) as CheckedSample;
  const valueFirst = trial.value === 1;
  const [value, timestamp] = valueFirst ? [1, 2] : [2, 1];
  const isSame = isDeepStrictEqual(trial, { ...sample, value, timestamp });
  return isSame ? { head, middle, tail, id, valueFirst, next: undefined } : undefined;
}

/** Whether the list of samples and the body end here. */
function isLast(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== endOfList) return false;
  const end = spaceEnd(text, at + 1);
  return text.charCodeAt(end) === close && spaceEnd(text, end + 1) === text.length;
}

const emptyBatch = (rows: number): Batch => ({
  seriesIds: new Uint32Array(rows),
  timestamps: new Float64Array(rows),
  values: new Float64Array(rows),
});
