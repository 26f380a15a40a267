import { NightshiftError } from '@nightshift/types';
import { isRecord } from '../check.ts';
import type { WireBatch } from '../wire/series.ts';
import { collectPoints, type Attributes, type Metric, type Point } from './points.ts';

/**
 * Reads the JSON of an ExportMetricsServiceRequest (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"): names in lowerCamelCase,
 * 64-bit integers as text or number. Throws BODY_INVALID where a list or an object is something else.
 */
export function readOtlpJson(body: unknown): WireBatch {
  const points = collectPoints();
  for (const { resource, scopeMetrics } of objects(record(body, 'the body')['resourceMetrics'], 'resourceMetrics')) {
    const attributes = attributesOf(isRecord(resource) ? resource['attributes'] : undefined);
    for (const { metrics } of objects(scopeMetrics, 'scopeMetrics')) {
      for (const raw of objects(metrics, 'metrics')) {
        const found = kinds.find(([field]) => isRecord(raw[field]));
        if (!found) continue;
        const [field, kind] = found;
        const data = raw[field] as Record<string, unknown>;
        const metric: Metric = {
          name: typeof raw['name'] === 'string' ? raw['name'] : '',
          kind,
          monotonic: data['isMonotonic'] === true,
          temporality: temporalityOf(data['aggregationTemporality']),
        };
        for (const point of objects(data['dataPoints'], 'dataPoints')) {
          points.add(attributes, metric, pointOf(point, field));
        }
      }
    }
  }
  return points.wire;
}

const kinds: [field: string, kind: Metric['kind']][] = [
  ['gauge', 'gauge'],
  ['sum', 'sum'],
  ['histogram', 'histogram'],
  ['exponentialHistogram', 'exponential'],
  ['summary', 'summary'],
];

function pointOf(raw: Record<string, unknown>, field: string): Point {
  const point: Point = {
    attributes: attributesOf(raw['attributes']),
    startAt: msOf(raw['startTimeUnixNano']),
    at: msOf(raw['timeUnixNano']),
    isOver: ((numberOf(raw['flags']) ?? 0) & 1) === 1,
  };
  if (field === 'gauge' || field === 'sum') return { ...point, value: numberOf(raw['asDouble'] ?? raw['asInt']) };
  // An absent count is 0, as everywhere in protobuf; a sum may really be absent.
  const distribution = { ...point, count: numberOf(raw['count'] ?? 0), sum: numberOf(raw['sum']) };
  if (field === 'histogram') {
    const bucketCounts = numbersOf(raw['bucketCounts'], 'bucketCounts');
    return { ...distribution, bucketCounts, bounds: numbersOf(raw['explicitBounds'], 'explicitBounds') };
  }
  if (field !== 'summary') return distribution;
  const quantiles = objects(raw['quantileValues'], 'quantileValues').map(
    ({ quantile = 0, value = 0 }): [number, number] => [
      numberOf(quantile) ?? Number.NaN,
      numberOf(value) ?? Number.NaN,
    ],
  );
  return { ...distribution, quantiles };
}

function attributesOf(raw: unknown): Attributes {
  return objects(raw, 'attributes').map(({ key, value }) => [
    typeof key === 'string' ? key : undefined,
    isRecord(value) ? scalarOf(value) : '',
  ]);
}

function scalarOf(value: Record<string, unknown>): string | undefined {
  for (const field of ['stringValue', 'boolValue', 'intValue', 'doubleValue']) {
    const scalar = value[field];
    if (typeof scalar === 'string' || typeof scalar === 'number' || typeof scalar === 'boolean') return String(scalar);
  }
  return Object.keys(value).length === 0 ? '' : undefined;
}

/** A number as a number or as text; also "NaN" and "Infinity". Undefined if it is neither. */
function numberOf(raw: unknown): number | undefined {
  if (typeof raw === 'number') return raw;
  return typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : undefined;
}

function numbersOf(raw: unknown, field: string): number[] {
  return list(raw, field).map((each) => numberOf(each) ?? Number.NaN);
}

function temporalityOf(raw: unknown): number {
  const names = [
    'AGGREGATION_TEMPORALITY_UNSPECIFIED',
    'AGGREGATION_TEMPORALITY_DELTA',
    'AGGREGATION_TEMPORALITY_CUMULATIVE',
  ];
  return typeof raw === 'string' && names.includes(raw) ? names.indexOf(raw) : (numberOf(raw) ?? 0);
}

const msOf = (raw: unknown) => (numberOf(raw) ?? 0) / 1_000_000;

const objects = (raw: unknown, field: string): Record<string, unknown>[] =>
  list(raw, field).map((each) => record(each, `an element of ${field}`));

function list(raw: unknown, field: string): unknown[] {
  if (raw === undefined || raw === null) return [];
  if (Array.isArray(raw)) return raw;
  throw new NightshiftError('BODY_INVALID', `${field} must be a list`);
}

function record(raw: unknown, what: string): Record<string, unknown> {
  if (isRecord(raw)) return raw;
  throw new NightshiftError('BODY_INVALID', `${what} must be an object`);
}
