import { compressSync } from 'snappy';
import { valueAt, type BenchSeries } from './series.ts';

/** Series that one request holds: what Prometheus 2 sends by default. */
export const samplesPerBody = 500;

/** Turns the same `samplesPerBody` series into a body, one sample of each at a step. `from` is the index of the first. */
export type BodyMaker = (series: BenchSeries[], from: number) => (step: number, at: number) => Buffer;

/** Prometheus remote write 1.0: `prometheus.WriteRequest` in a snappy block. */
export const remoteWrite: BodyMaker = (series, from) => {
  // All that changes has a fixed size: eight bytes of value, six of time (until the year 2109).
  const records = series.map(({ name, labels }) => {
    const pairs = Object.entries({ __name__: name, ...labels });
    const encoded = pairs.map(([label, value]) => field(1, Buffer.concat([field(1, label), field(2, value)])));
    return field(1, Buffer.concat([...encoded, field(2, Buffer.alloc(16))]));
  });
  const body = Buffer.concat(records);
  const ends: number[] = [];
  for (let at = 0, i = 0; i < records.length; i++) ends.push((at += records[i]!.length));
  return (step, time) => {
    for (let i = 0; i < series.length; i++) {
      const at = ends[i]! - 16;
      body[at] = 0x09; // field 1, a double
      body.writeDoubleLE(valueAt(series[i]!, from + i, step), at + 1);
      body[at + 9] = 0x10; // field 2, a varint
      writeVarint(body, time, at + 10);
    }
    return compressSync(body) as Buffer;
  };
};

/** `POST /v1/samples`. */
export const json: BodyMaker = (series, from) => {
  const heads = series.map(({ name }) => `{"name":${JSON.stringify(name)},"value":`);
  const tails = series.map(({ labels }) => `,"labels":${JSON.stringify(labels)}}`);
  return (step, time) => {
    const samples = series.map((one, i) => `${heads[i]}${valueAt(one, from + i, step)},"timestamp":${time}${tails[i]}`);
    return Buffer.from(`{"samples":[${samples.join(',')}]}`);
  };
};

/** Bodies of all series over some steps, by lane: a series is always in the same lane, its samples in the order of time. */
export function makeLanes(
  maker: BodyMaker,
  series: BenchSeries[],
  steps: { from: number; to: number; timeOf: (step: number) => number },
  lanes: number,
): Buffer[][] {
  const groups: ReturnType<BodyMaker>[] = [];
  for (let i = 0; i < series.length; i += samplesPerBody) groups.push(maker(series.slice(i, i + samplesPerBody), i));
  return Array.from({ length: lanes }, (_, lane) => {
    const bodies: Buffer[] = [];
    for (let step = steps.from; step < steps.to; step++) {
      for (let group = lane; group < groups.length; group += lanes)
        bodies.push(groups[group]!(step, steps.timeOf(step)));
    }
    return bodies;
  });
}

/** A length-delimited field of protobuf. */
function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  const head = Buffer.alloc(6);
  head[0] = number * 8 + 2;
  return Buffer.concat([head.subarray(0, writeVarint(head, bytes.length, 1)), bytes]);
}

/** Returns where it ends. */
function writeVarint(into: Buffer, value: number, at: number): number {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) into[at++] = (rest % 0x80) | 0x80;
  into[at++] = rest;
  return at;
}
