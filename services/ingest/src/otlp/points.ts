import { inputLimits, type MetricKind } from '@nightshift/types';
import type { Refusal } from '../check.ts';
import {
  addRow,
  addSeries,
  emptyWireBatch,
  labelCollector,
  tooMany,
  type Identity,
  type WireBatch,
} from '../wire/series.ts';

/** A scalar value as text; undefined for a list, a map or bytes. */
export type Attributes = [name: string | undefined, value: string | undefined][];

const temporalities = { delta: 1, cumulative: 2 } as const;

/** A metric of OTLP (opentelemetry/proto/metrics/v1/metrics.proto), whether it came as protobuf or as JSON. */
export type Metric = {
  name: string;
  kind: 'gauge' | 'sum' | 'histogram' | 'exponential' | 'summary';
  monotonic: boolean;
  temporality: number;
};

/** A data point. Times in epoch ms, with their fractions. Of an exponential histogram, neither count nor sum: it is refused. */
export type Point = {
  attributes: Attributes;
  startAt: number;
  at: number;
  /** Its flag "no recorded value": the series is over. */
  isOver: boolean;
  value?: number | undefined;
  count?: number | undefined;
  sum?: number | undefined;
  bucketCounts?: number[] | undefined;
  bounds?: number[] | undefined;
  quantiles?: [quantile: number, value: number][] | undefined;
};

/** A histogram becomes a row per bucket, and two more. */
const rowsPerPoint = 10;

/** Gathers points into series under the names that Prometheus gives them. */
export type PointCollector = {
  readonly wire: WireBatch;
  /** Throws BODY_TOO_LARGE beyond 10,000 points, or what they become. */
  add(resource: Attributes, metric: Metric, point: Point): void;
};

export function collectPoints(): PointCollector {
  const wire = emptyWireBatch(rowsPerPoint * inputLimits.samplesPerRequest);
  let points = 0;
  return {
    wire,
    add(resource, metric, point) {
      if (points === inputLimits.samplesPerRequest) throw tooMany('data points', inputLimits.samplesPerRequest);
      points += 1;
      if (point.isOver) {
        wire.staleMarkers += 1;
        return;
      }
      const { labels, refusal = shapeRefusal(metric, point) } = labelsOf(resource, point.attributes);
      const row = (name: string, value: number, extra: Record<string, string> = {}) =>
        addPointRow(wire, { name, labels: { ...labels, ...extra }, refusal }, points, point.at, value);
      if (refusal) row(metric.name, 0);
      else {
        const kind = kindOf(metric);
        if (kind) wire.kinds.set(kind === 'counter' ? totalOf(metric.name) : metric.name, kind);
        rowsOf(metric, point, row);
      }
    },
  };
}

function addPointRow(wire: WireBatch, identity: Identity, point: number, at: number, value: number): void {
  const from = wire.values.length;
  addRow(wire, Math.floor(at), value);
  addSeries(wire, identity, from, { point });
}

/**
 * The resource's attributes and the point's, which win; `service.name` is the label `service`. What says nothing about who it is, or
 * changes with every start or version of it, would only make it another series.
 */
function labelsOf(resource: Attributes, attributes: Attributes) {
  const collected = labelCollector();
  for (const [name, value] of attributes) collected.add(name, value);
  for (const [name, value] of resource) {
    if (name === undefined || value === undefined || leftOut.test(name)) continue;
    const label = name === 'service.name' ? 'service' : name;
    if (!Object.hasOwn(collected.labels, label)) collected.add(label, value);
  }
  return { labels: collected.labels, refusal: collected.refusal() };
}

const leftOut = /^(telemetry\.|process\.|os\.|host\.(?!name$)|service\.version$)/;

type AddRow = (name: string, value: number, extra?: Record<string, string>) => void;

function rowsOf({ name, kind, monotonic, temporality }: Metric, point: Point, row: AddRow): void {
  if (kind === 'gauge' || kind === 'sum') {
    const value = point.value ?? Number.NaN;
    // What was counted between two times is a rate; nobody here knows the sum of all before.
    if (kind === 'sum' && temporality === temporalities.delta) row(`${name}_per_second`, value / secondsOf(point));
    else row(kind === 'sum' && monotonic ? totalOf(name) : name, value);
    return;
  }
  const isDelta = kind === 'histogram' && temporality === temporalities.delta;
  const [suffix, per] = isDelta ? ['_per_second', secondsOf(point)] : ['', 1];
  if (point.count !== undefined) row(`${name}_count${suffix}`, point.count / per);
  if (point.sum !== undefined) row(`${name}_sum${suffix}`, point.sum / per);
  let below = 0;
  point.bucketCounts?.forEach((count, i) => {
    below += count;
    row(`${name}_bucket${suffix}`, below / per, { le: leOf(point.bounds?.[i]) });
  });
  for (const [quantile, value] of point.quantiles ?? []) row(name, value, { quantile: String(quantile) });
}

const totalOf = (name: string) => (name.endsWith('_total') ? name : `${name}_total`);

/** What the series of a metric are, under its name. Deltas have become rates, whose names say so. */
function kindOf({ kind, monotonic, temporality }: Metric): MetricKind | undefined {
  if (kind === 'gauge' || kind === 'summary') return kind;
  if (temporality === temporalities.delta) return undefined;
  return kind === 'histogram' ? kind : monotonic ? 'counter' : 'gauge';
}

const secondsOf = ({ startAt, at }: Point) => (at - startAt) / 1_000;

const leOf = (bound: number | undefined) => (bound === undefined || bound === Infinity ? '+Inf' : String(bound));

/** Why a point cannot be read as what its metric says it is. */
function shapeRefusal({ kind, temporality }: Metric, point: Point): Refusal | undefined {
  if (kind === 'gauge' || kind === 'summary') return undefined;
  if (kind === 'exponential') {
    const message = 'exponential histograms are not supported: send explicit buckets';
    return { field: 'exponentialHistogram', reason: 'native_histogram', message };
  }
  if (temporality !== temporalities.delta && temporality !== temporalities.cumulative) {
    return { field: 'aggregationTemporality', reason: 'unsupported', message: 'must be delta or cumulative' };
  }
  if (temporality === temporalities.delta && !(point.startAt > 0 && point.startAt < point.at)) {
    return { field: 'startTimeUnixNano', reason: 'unsupported', message: 'a delta needs the time at which it starts' };
  }
  const { bucketCounts = [], bounds = [] } = point;
  if (bucketCounts.length > 0 && bucketCounts.length !== bounds.length + 1) {
    const message = `${bucketCounts.length} buckets do not fit ${bounds.length} bounds`;
    return { field: 'bucketCounts', reason: 'unsupported', message };
  }
  return undefined;
}
