import { compressSync } from 'snappy';
import { message, varint, type Field } from '../wire/protobuf.fixture.ts';

/** For tests: bodies of remote write, by the .proto files of its specifications. */
export type Sent = {
  labels: Record<string, string> | [string, string][];
  samples?: [value: number | Buffer, timestamp: number][];
  histograms?: number;
};

const sample = ([value, timestamp]: [number | Buffer, number]): Buffer =>
  Buffer.isBuffer(value)
    ? Buffer.concat([Buffer.from([0x09]), value, message([2, timestamp])])
    : message([1, { double: value }], [2, timestamp]);

const pairs = ({ labels }: Sent): [string, string][] => (Array.isArray(labels) ? labels : Object.entries(labels));

export function writeRequest(series: Sent[], ...more: Field[]): Buffer {
  return message(
    ...series.map((one): Field => [
      1,
      message(
        ...pairs(one).map(([name, value]): Field => [1, message([1, name], [2, value])]),
        ...(one.samples ?? []).map((each): Field => [2, sample(each)]),
        ...histograms(one, 4),
      ),
    ]),
    ...more,
  );
}

export function requestV2(series: Sent[]): Buffer {
  const symbols = ['', ...new Set(series.flatMap((one) => pairs(one).flat()))];
  return message(
    ...symbols.map((symbol): Field => [4, symbol]),
    ...series.map((one): Field => [
      5,
      message(
        [
          1,
          Buffer.concat(
            pairs(one)
              .flat()
              .map((symbol) => varint(symbols.indexOf(symbol))),
          ),
        ],
        ...(one.samples ?? []).map((each): Field => [2, sample(each)]),
        ...histograms(one, 3),
        [5, message([1, 1], [3, 0])], // metadata: a counter
        [6, 1_732_400_000_000], // created_timestamp, where 2.0-rc.3 has it
      ),
    ]),
  );
}

const histograms = ({ histograms: count = 0 }: Sent, field: number): Field[] =>
  Array.from({ length: count }, () => [field, message([15, 1_732_400_000_000])]);

export const snappy = (body: Buffer): Buffer => compressSync(body) as Buffer;

/** Prometheus' stale marker, bit by bit: passing it through a number changes it. */
export const staleMarker = Buffer.from('0200000000 00f07f'.replace(' ', ''), 'hex');

export const headersV1 = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};

export const headersV2 = {
  'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '2.0.0',
};
