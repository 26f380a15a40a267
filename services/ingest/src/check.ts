import { inputLimits as limits, seriesKey } from '@nightshift/types';

export const refusalReasons = [
  'not_an_object',
  'not_a_string',
  'not_a_number',
  'not_finite',
  'not_an_integer',
  'empty',
  'too_long',
  'too_many',
  'too_old',
  'in_future',
  'bad_characters',
  'forbidden',
  'duplicate',
  'unsupported',
  'native_histogram',
  'series_limit',
  'token_series_limit',
  'token_label_limit',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Why a sample was not taken: which field, a reason for programs, a sentence for people. */
export type Refusal = { field: string; reason: RefusalReason; message: string };

/** Times (epoch ms) between which a sample is a signal. */
export type Window = { oldest: number; newest: number };

/** What is a signal at a time (epoch ms) of our own clock. */
export const windowAt = (at: number): Window => ({
  oldest: at - limits.sampleAgeMs,
  newest: at + limits.sampleAheadMs,
});

export type CheckedSample = { name: string; value: number; timestamp: number; labels: Record<string, string> };

/**
 * Why a sample from outside cannot be taken; undefined if it can, and then it is a `CheckedSample` once absent labels are `{}`.
 * Says the same as the schema `Sample` of types, faster; beyond it, refuses times outside the window and a label called `__proto__`.
 */
export function refusalOf(raw: unknown, window: Window): Refusal | undefined {
  if (!isRecord(raw)) return refusal('', 'not_an_object', 'a sample must be an object with name, value and timestamp');
  return (
    textRefusal('name', raw['name'], 1, limits.metricNameChars) ??
    valueRefusal(raw['value']) ??
    timeRefusal(raw['timestamp'], window) ??
    labelsRefusal(raw['name'] as string, raw['labels'])
  );
}

/** Why no sample of such a series can be taken. */
export function seriesRefusal(name: string, labels: unknown): Refusal | undefined {
  return textRefusal('name', name, 1, limits.metricNameChars) ?? labelsRefusal(name, labels);
}

/** For a series that is fine but one too many. */
export const limitRefusal: Refusal = {
  field: 'labels',
  reason: 'series_limit',
  message: 'there are too many series already: drop labels with many values',
};

/** For a new series of a sender that has as many as its token may have. */
export const tokenLimitRefusal = (token: { name: string; maxSeries: number }): Refusal => ({
  field: 'labels',
  reason: 'token_series_limit',
  message: `the token "${token.name}" has its ${token.maxSeries} series already: drop labels with many values, or raise its limit`,
});

/** For a new series with more labels than its sender's token may send. */
export const tokenLabelsRefusal = (token: { name: string; labelsPerSample: number }): Refusal => ({
  field: 'labels',
  reason: 'token_label_limit',
  message: `the token "${token.name}" may send ${token.labelsPerSample} labels with a sample`,
});

/** Whether a reason is that there are too many series. */
export const isSeriesLimit = (reason: RefusalReason): boolean =>
  reason === 'series_limit' || reason === 'token_series_limit';

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueRefusal(value: unknown): Refusal | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return undefined;
  const wasNoNumber =
    typeof value === 'number' ||
    value === null ||
    (typeof value === 'string' && /^[+-]?(nan|inf(inity)?)$/i.test(value));
  if (wasNoNumber)
    return refusal('value', 'not_finite', `must be a finite number, not ${show(value)}: leave such a sample out`);
  return refusal('value', 'not_a_number', `must be a number, not ${show(value)}`);
}

/** Why a time (epoch ms) is none of a signal. */
export function timeRefusal(time: unknown, { oldest, newest }: Window): Refusal | undefined {
  if (typeof time !== 'number')
    return refusal('timestamp', 'not_a_number', `must be epoch milliseconds as a number, not ${show(time)}`);
  if (!Number.isFinite(time)) return refusal('timestamp', 'not_finite', 'must be epoch milliseconds');
  if (!Number.isInteger(time))
    return refusal('timestamp', 'not_an_integer', `must be whole epoch milliseconds, not ${time}`);
  if (time < oldest) return refusal('timestamp', 'too_old', `${time} is ${earlier(time, oldest)}`);
  if (time > newest)
    return refusal(
      'timestamp',
      'in_future',
      `${time} is more than ${limits.sampleAheadMs / 60_000} minutes ahead: ${unitHint(time, newest)}`,
    );
  return undefined;
}

const earlier = (time: number, oldest: number) =>
  `more than ${limits.sampleAgeMs / 3_600_000} hours old: ${unitHint(time, oldest)}`;

function unitHint(time: number, about: number): string {
  const ratio = about / time;
  if (ratio > 500 && ratio < 2_000) return 'these look like seconds, send milliseconds';
  if (ratio < 1 / 500 && ratio > 0) return 'these look like microseconds or nanoseconds, send milliseconds';
  return 'check the clock of the sender';
}

function labelsRefusal(name: string, labels: unknown): Refusal | undefined {
  if (labels === undefined) return undefined;
  if (!isRecord(labels)) return refusal('labels', 'not_an_object', `must be an object of strings, not ${show(labels)}`);
  // Own enumerable names alone: whatever an object inherits is no label.
  const names = Object.keys(labels);
  if (names.length > limits.labelsPerSample) {
    return refusal('labels', 'too_many', `${names.length} labels, at most ${limits.labelsPerSample} may be`);
  }
  for (const label of names) {
    const field = `labels.${label.slice(0, 64)}`;
    if (label === '__proto__') return refusal(field, 'forbidden', 'a label cannot be called __proto__');
    const refused =
      textRefusal(field, label, 1, limits.labelNameChars, 'the name of a label') ??
      textRefusal(field, labels[label], 0, limits.labelValueChars);
    if (refused) return refused;
  }
  const bytes = Buffer.byteLength(seriesKey(name, labels as Record<string, string>));
  if (bytes <= limits.seriesKeyBytes) return undefined;
  return refusal(
    'labels',
    'too_long',
    `name and labels have ${bytes} bytes together, at most ${limits.seriesKeyBytes} may be`,
  );
}

function textRefusal(field: string, text: unknown, minChars: number, maxChars: number, what = ''): Refusal | undefined {
  const prefix = what && `${what} `;
  if (typeof text !== 'string') return refusal(field, 'not_a_string', `${prefix}must be a string, not ${show(text)}`);
  if (text.length < minChars) return refusal(field, 'empty', `${prefix}must not be empty`);
  if (text.length > maxChars) {
    return refusal(field, 'too_long', `${prefix}has ${text.length} characters, at most ${maxChars} may be`);
  }
  if (unstorable.test(text)) return refusal(field, 'bad_characters', `${prefix}must not hold NUL or broken Unicode`);
  return undefined;
}

/** What Postgres cannot keep: NUL, and halves of surrogate pairs (with the u flag, whole pairs are other code points). */
const unstorable = /[\0\uD800-\uDFFF]/u;

const refusal = (field: string, reason: RefusalReason, message: string): Refusal => ({ field, reason, message });

/** A value in a message: short, whatever was sent. */
function show(value: unknown): string {
  if (value === undefined) return 'absent';
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value as number | boolean | null);
}
