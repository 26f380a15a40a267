import {
  cursor,
  double,
  fieldEnd,
  fixed64,
  malformed,
  message,
  nextTag,
  skip,
  tagOf,
  text,
  varint,
  type Cursor,
} from '../wire/protobuf.ts';
import type { WireBatch } from '../wire/series.ts';
import { collectPoints, type Attributes, type Metric, type Point, type PointCollector } from './points.ts';

/** More attributes than these are not kept: whatever has them is refused for it. */
const mostAttributes = 100;

/** Reads `opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest`. */
export function readOtlpProtobuf(body: Buffer): WireBatch {
  const points = collectPoints();
  const from = cursor(body);
  for (let tag = nextTag(from); tag !== 0; tag = nextTag(from)) {
    if (tag === tagOf(1, 'bytes')) readResourceMetrics(from, points);
    else skip(from, tag);
  }
  return points.wire;
}

/** Reads twice over it: the resource may come after its metrics. */
function readResourceMetrics(from: Cursor, points: PointCollector): void {
  const start = from.at;
  const resource: Attributes = [];
  message(from, (tag) => {
    if (tag !== tagOf(1, 'bytes')) return skip(from, tag);
    message(from, (inner) => (inner === tagOf(1, 'bytes') ? readAttribute(from, resource) : skip(from, inner)));
  });
  from.at = start;
  message(from, (tag) => {
    if (tag !== tagOf(2, 'bytes')) return skip(from, tag);
    message(from, (inner) => (inner === tagOf(2, 'bytes') ? readMetric(from, resource, points) : skip(from, inner)));
  });
}

const metricTags = {
  name: tagOf(1, 'bytes'),
  gauge: tagOf(5, 'bytes'),
  sum: tagOf(7, 'bytes'),
  histogram: tagOf(9, 'bytes'),
  exponential: tagOf(10, 'bytes'),
  summary: tagOf(11, 'bytes'),
};

const kinds = new Map<number, { kind: Metric['kind']; attributes: number }>([
  [metricTags.gauge, { kind: 'gauge', attributes: tagOf(7, 'bytes') }],
  [metricTags.sum, { kind: 'sum', attributes: tagOf(7, 'bytes') }],
  [metricTags.histogram, { kind: 'histogram', attributes: tagOf(9, 'bytes') }],
  [metricTags.exponential, { kind: 'exponential', attributes: tagOf(1, 'bytes') }],
  [metricTags.summary, { kind: 'summary', attributes: tagOf(7, 'bytes') }],
]);

function readMetric(from: Cursor, resource: Attributes, points: PointCollector): void {
  const metric: Metric = { name: '', kind: 'gauge', monotonic: false, temporality: 0 };
  let shape: ReturnType<typeof kinds.get>;
  let dataAt = 0;
  message(from, (tag) => {
    if (tag === metricTags.name) metric.name = readText(from) ?? '';
    else if (kinds.has(tag)) {
      shape = kinds.get(tag);
      dataAt = from.at;
      from.at = fieldEnd(from);
    } else skip(from, tag);
  });
  if (!shape) return;
  const { kind, attributes } = shape;
  metric.kind = kind;
  const after = from.at;
  // What a sum is stands behind its points.
  from.at = dataAt;
  message(from, (tag) => {
    if (tag === tagOf(2, 'varint')) metric.temporality = varint(from);
    else if (tag === tagOf(3, 'varint')) metric.monotonic = varint(from) !== 0;
    else skip(from, tag);
  });
  from.at = dataAt;
  message(from, (tag) => {
    if (tag !== tagOf(1, 'bytes')) return skip(from, tag);
    points.add(resource, metric, readPoint(from, metric.kind, attributes));
  });
  from.at = after;
}

/** The four kinds of points share their times and flags; the numbers of their other fields mean different things. */
function readPoint(from: Cursor, kind: Metric['kind'], attributes: number): Point {
  const point: Point = { attributes: [], startAt: 0, at: 0, isOver: false };
  const isNumber = kind === 'gauge' || kind === 'sum';
  const flags = tagOf(kind === 'histogram' || kind === 'exponential' ? 10 : 8, 'varint');
  message(from, (tag) => {
    if (tag === attributes) readAttribute(from, point.attributes);
    else if (tag === tagOf(2, 'fixed64')) point.startAt = msOf(fixed64(from));
    else if (tag === tagOf(3, 'fixed64')) point.at = msOf(fixed64(from));
    else if (tag === flags) point.isOver = (varint(from) & 1) === 1;
    else if (isNumber) readNumber(from, tag, point);
    else readDistribution(from, tag, point, kind);
  });
  return point;
}

function readNumber(from: Cursor, tag: number, point: Point): void {
  if (tag === tagOf(4, 'fixed64')) point.value = double(from);
  else if (tag === tagOf(6, 'fixed64')) point.value = fixed64(from);
  else skip(from, tag);
}

function readDistribution(from: Cursor, tag: number, point: Point, kind: Metric['kind']): void {
  if (tag === tagOf(4, 'fixed64')) point.count = fixed64(from);
  else if (tag === tagOf(5, 'fixed64')) point.sum = double(from);
  else if (kind === 'summary' && tag === tagOf(6, 'bytes')) (point.quantiles ??= []).push(readQuantile(from));
  else if (kind === 'histogram' && isRepeated(tag, 6)) {
    readRepeated(from, tag, (point.bucketCounts ??= []), fixed64);
  } else if (kind === 'histogram' && isRepeated(tag, 7)) {
    readRepeated(from, tag, (point.bounds ??= []), double);
  } else skip(from, tag);
}

const isRepeated = (tag: number, field: number) => tag === tagOf(field, 'bytes') || tag === tagOf(field, 'fixed64');

/** Numbers of eight bytes, packed or one by one. */
function readRepeated(from: Cursor, tag: number, into: number[], read: (from: Cursor) => number): void {
  if ((tag & 7) !== 2) {
    into.push(read(from));
    return;
  }
  const end = fieldEnd(from);
  if ((end - from.at) % 8 !== 0) throw malformed('packed numbers are cut');
  while (from.at < end) into.push(read(from));
}

function readQuantile(from: Cursor): [quantile: number, value: number] {
  let quantile = 0;
  let value = 0;
  message(from, (tag) => {
    if (tag === tagOf(1, 'fixed64')) quantile = double(from);
    else if (tag === tagOf(2, 'fixed64')) value = double(from);
    else skip(from, tag);
  });
  return [quantile, value];
}

function readAttribute(from: Cursor, into: Attributes): void {
  let name: string | undefined = '';
  let value: string | undefined = '';
  message(from, (tag) => {
    if (tag === tagOf(1, 'bytes')) name = readText(from);
    else if (tag === tagOf(2, 'bytes')) value = readAnyValue(from);
    else skip(from, tag);
  });
  if (into.length < mostAttributes) into.push([name, value]);
}

function readAnyValue(from: Cursor): string | undefined {
  let value: string | undefined = '';
  message(from, (tag) => {
    if (tag === tagOf(1, 'bytes')) value = readText(from);
    else if (tag === tagOf(2, 'varint')) value = String(varint(from) !== 0);
    else if (tag === tagOf(3, 'varint')) value = String(varint(from));
    else if (tag === tagOf(4, 'fixed64')) value = String(double(from));
    else {
      value = undefined; // a list, a map, bytes
      skip(from, tag);
    }
  });
  return value;
}

function readText(from: Cursor): string | undefined {
  const end = fieldEnd(from);
  const read = text(from.bytes, from.at, end);
  from.at = end;
  return read;
}

const msOf = (nanoseconds: number) => nanoseconds / 1_000_000;
