import { inputLimits, NightshiftError, type Labels, type MetricKind } from '@nightshift/types';
import type { Refusal } from '../check.ts';

/** What a decoder makes of a body, whatever its protocol: rows, and of the series that are not known yet what they are and which rows are theirs. */
export type WireBatch = {
  series: WireSeries[];
  /** Of each row the id of its series; 0: it is one of `series`. */
  ids: number[];
  timestamps: number[];
  values: number[];
  /** Samples that say "no more of this series"; they have no value. */
  staleMarkers: number;
  /** NaN and infinities, legal where they come from (an empty summary): nothing can be learned of them. */
  notFinite: number;
  /** Native (exponential) histograms. */
  histograms: number;
  /** What the sender says that metrics are, by their names. */
  kinds: Map<string, MetricKind>;
  /** How many rows, and how many series, one request may come to. */
  readonly most: number;
};

export type WireSeries = {
  name: string;
  labels: Labels;
  /** The bytes of its labels as they came, where that is a way to know the series again. */
  key?: Uint8Array | undefined;
  refusal?: Refusal | undefined;
  /** Which data point it is of, where several series come of one. */
  point?: number | undefined;
  from: number;
  to: number;
};

export const emptyWireBatch = (most: number = inputLimits.samplesPerRequest): WireBatch => ({
  most,
  series: [],
  ids: [],
  timestamps: [],
  values: [],
  staleMarkers: 0,
  notFinite: 0,
  histograms: 0,
  kinds: new Map(),
});

/** Adds a sample. Throws BODY_TOO_LARGE beyond what one request may hold. */
export function addRow(wire: WireBatch, timestamp: number, value: number): void {
  if (!Number.isFinite(value)) {
    wire.notFinite += 1;
    return;
  }
  if (wire.values.length >= wire.most) throw tooMany('samples', wire.most);
  wire.ids.push(0);
  wire.timestamps.push(timestamp);
  wire.values.push(value);
}

/** Name and labels of a series as far as they can be kept. */
export type Identity = Pick<WireSeries, 'name' | 'labels' | 'refusal'>;

/** Adds a series whose rows are those from `from` on. Throws BODY_TOO_LARGE beyond what one request may hold. */
export function addSeries(
  wire: WireBatch,
  { name, labels, refusal }: Identity,
  from: number,
  more: Pick<WireSeries, 'key' | 'point'>,
): void {
  if (wire.series.length >= wire.most) throw tooMany('series', wire.most);
  const { key, point } = more;
  wire.series.push({ name, labels, refusal, key, point, from, to: wire.values.length });
}

/** Says whose the rows from `from` on are. */
export function giveId({ ids }: WireBatch, from: number, id: number, to = ids.length): void {
  for (let row = from; row < to; row++) ids[row] = id;
}

export const tooMany = (what: string, most: number) =>
  new NightshiftError('BODY_TOO_LARGE', `more than ${most} ${what} in one request`);

/**
 * Puts labels together from what was sent; an empty value is the same as no label. Says what is wrong with a label that cannot be
 * kept, in time: before a long list becomes an object.
 */
export function labelCollector() {
  const labels: Record<string, string> = {};
  let count = 0;
  let chars = 0;
  let refusal: Refusal | undefined;
  const refuse = (field: string, reason: Refusal['reason'], message: string) => {
    refusal ??= { field, reason, message };
  };
  return {
    labels,
    refusal: () => refusal,
    add(name: string | undefined, value: string | undefined) {
      if (refusal) return;
      if (name === undefined || value === undefined) {
        return refuse('labels', 'bad_characters', 'a label is not UTF-8');
      }
      if (value === '') return;
      const field = `labels.${name.slice(0, 64)}`;
      if (name === '__proto__') return refuse(field, 'forbidden', 'a label cannot be called __proto__');
      if (Object.hasOwn(labels, name)) return refuse(field, 'duplicate', 'the label comes twice');
      count += 1;
      chars += name.length + value.length;
      if (count > inputLimits.labelsPerSample) {
        return refuse('labels', 'too_many', `more than ${inputLimits.labelsPerSample} labels`);
      }
      if (chars > inputLimits.seriesKeyBytes) {
        return refuse('labels', 'too_long', `the labels have more than ${inputLimits.seriesKeyBytes} bytes together`);
      }
      labels[name] = value;
    },
  };
}
