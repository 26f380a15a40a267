import { readFileSync } from 'node:fs';
import { parseYaml, valueOf } from '@nightshift/runtime';
import { NightshiftError } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { readJson } from './body.ts';
import { changeOfGitHub, DeploymentStatusEvent } from './changes/github.ts';
import { readCDEvent } from './cloudevents/cdevents.ts';
import { CloudEvent, readCloudEvents } from './cloudevents/read.ts';
import { readOtlpJson } from './otlp/read-json.ts';
import { readOtlpProtobuf } from './otlp/read-protobuf.ts';
import { declaredLength, inflate } from './remote-write/inflate.ts';
import { createKnownLabels } from './remote-write/known-labels.ts';
import { readWriteRequest } from './remote-write/read-v1.ts';
import { readRequestV2 } from './remote-write/read-v2.ts';
import { requestV2, snappy, staleMarker, type Sent } from './remote-write/remote-write.fixture.ts';
import { parsed } from './routes/alerts.ts';
import { understood } from './routes/cloudevents.ts';
import { itemsOf, Mapping, meaningOf } from './webhooks/mapping.ts';
import { message, type Field } from './wire/protobuf.fixture.ts';

/** How many each decoder gets. FUZZ_INPUTS=1000000 is the long run, which also prints what it came to. */
const asked = process.env['FUZZ_INPUTS'];
const inputs = Number(asked ?? 20_000);

/** A generator of its own, so that a failure can be had again: the seed is in the message. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const telling = [0, 1, 0x7f, 0x80, 0xff, 0x08, 0x09, 0x0a, 0x12, 0x22, 0x2a];

/** A body as somebody with bad luck or bad will would make it: bytes changed, cut out, doubled, or all of them made up. */
function mutated(body: Buffer, pick: (below: number) => number): Buffer {
  if (pick(20) === 0) return Buffer.from(Array.from({ length: pick(64) }, () => pick(256)));
  const start = pick(body.length);
  let bytes = Buffer.from(pick(4) === 0 ? body : body.subarray(start, start + 1 + pick(400)));
  if (start > 0 && pick(2) === 0) bytes = Buffer.concat([body.subarray(0, pick(200)), bytes]);
  for (let n = pick(6); n > 0 && bytes.length > 0; n--) {
    const at = pick(bytes.length);
    const kind = pick(4);
    if (kind === 0) bytes[at] = pick(256);
    else if (kind === 1) bytes[at] = telling[pick(telling.length)]!;
    else if (kind === 2) bytes = bytes.subarray(0, at);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(pick(bytes.length))]);
  }
  return bytes;
}

const recorded = readFileSync(new URL('remote-write/recorded/exporter-gone.snappy', import.meta.url));
const series: Sent[] = Array.from({ length: 20 }, (_, i) => ({
  labels: { __name__: 'http_requests_total', job: 'shop', instance: `10.0.0.${i}` },
  samples: [
    [i, 1_732_400_000_000],
    [staleMarker, 1_732_400_000_001],
  ],
  histograms: i % 2,
}));

const otlp = message([
  1,
  message(
    [1, message([1, message([1, 'service.name'], [2, message([1, 'shop'])])])],
    [
      2,
      message(
        ...[5, 7, 9, 10, 11].map((kind): Field => [
          2,
          message([1, 'm'], [kind, message([1, point()], [2, 1], [3, 1])]),
        ]),
      ),
    ],
  ),
]);

/** All fields that any kind of point has. */
function point(): Buffer {
  const attribute = message([1, 'zone'], [2, message([3, 7])]);
  const time = { fixed64: 1_732_400_000_000_000_000n };
  return message(
    [7, attribute],
    [9, attribute],
    [1, attribute],
    [2, { fixed64: 1n }],
    [3, time],
    [4, { double: 1 }],
    [5, { double: 2 }],
    [6, Buffer.alloc(24, 1)],
    [7, Buffer.alloc(16, 1)],
    [8, 0],
  );
}

const otlpJson = Buffer.from(
  JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'a',
                gauge: {
                  dataPoints: [
                    {
                      timeUnixNano: '1732400000000000000',
                      asDouble: 1,
                      attributes: [{ key: 'a', value: { intValue: '7' } }],
                    },
                  ],
                },
              },
              {
                name: 'b',
                sum: {
                  isMonotonic: true,
                  aggregationTemporality: 1,
                  dataPoints: [{ startTimeUnixNano: 1, timeUnixNano: 9e9, asInt: '7' }],
                },
              },
              {
                name: 'c',
                histogram: {
                  aggregationTemporality: 2,
                  dataPoints: [{ count: 3, sum: 'NaN', bucketCounts: ['1', 2], explicitBounds: [5] }],
                },
              },
              { name: 'd', summary: { dataPoints: [{ quantileValues: [{ quantile: 0.5, value: 2 }], flags: 1 }] } },
            ],
          },
        ],
      },
    ],
  }),
);

const events = Buffer.from(
  JSON.stringify(
    ['service.deployed', 'incident.detected', 'incident.resolved'].map((type, i) => ({
      specversion: '1.0',
      id: String(i),
      source: '/ci',
      type: `dev.cdevents.${type}.0.2.0`,
      time: '2026-11-20T10:00:00Z',
      datacontenttype: 'application/json',
      [i === 1 ? 'data_base64' : 'data']:
        i === 1
          ? 'eyJzdWJqZWN0Ijp7ImlkIjoiYSJ9fQ=='
          : {
              subject: {
                id: 'shop',
                content: { artifactId: 'pkg:oci/shop@sha256%3Aabc?tag=v7', environment: { id: 'live' } },
              },
            },
    })),
  ),
);
const batched = { 'content-type': 'application/cloudevents-batch+json' };
const understoodEvent = (raw: unknown) =>
  understood(() => readCDEvent(CloudEvent.parse(raw), 1_732_400_000_000, ['live']));

const hook = Buffer.from(
  '{"events": [{"kind": "a", "name": "disk", "tags": ["x", 7], "since": 1732400000}, {"kind": "b"}]}',
);
const mapping = valueOf(
  parseYaml(
    'fuzz.yaml',
    'items: $.events\nonly: { path: "@.kind", is: [a] }\nalert: { name: "@.name", service: "@.tags[0]", startedAt: "@.since", labels: { tag: "@.tags[1]" } }',
    Mapping,
  ),
);
const readHook = (body: unknown) => itemsOf(mapping, body).map((item) => meaningOf(mapping, 'fuzz', body, item));

const gitHub = Buffer.from(
  JSON.stringify({
    deployment_status: { state: 'success', created_at: '2026-11-20T10:00:00Z', log_url: 'https://github.com/a/b' },
    deployment: {
      id: 1,
      sha: 'a84d88e',
      environment: 'production',
      payload: { version: 'v7' },
      creator: { login: 'ada' },
    },
    repository: { name: 'shop', full_name: 'acme/shop' },
  }),
);

const decoders: [string, Buffer, (body: Buffer) => unknown][] = [
  ['snappy', recorded, (body) => (declaredLength(body), inflate(body))],
  ['remote write 1.0', inflate(recorded), readBothWays()],
  ['remote write 2.0', requestV2(series), (body) => readRequestV2(body)],
  [
    'remote write 2.0 in snappy',
    snappy(requestV2(series)),
    (body) => (declaredLength(body), readRequestV2(inflate(body))),
  ],
  ['OTLP as protobuf', otlp, readOtlpProtobuf],
  ['OTLP as JSON', otlpJson, (body) => readOtlpJson(readJson(body))],
  ['any webhook', hook, (body) => readHook(readJson(body))],
  [
    'deployment statuses of GitHub',
    gitHub,
    (body) => changeOfGitHub(parsed(DeploymentStatusEvent, readJson(body)), {}),
  ],
  ['CloudEvents in batches', events, (body) => readCloudEvents(batched, body).map(understoodEvent)],
];

/** Reads each body with and without knowing its series: of what is known, every row must get the id of its own labels. */
function readBothWays(): (body: Buffer) => unknown {
  const [nothing, known] = [createKnownLabels(2), createKnownLabels(2_000)];
  const ids = new Map<string, number>();
  for (const { key } of readWriteRequest(inflate(recorded), nothing).series) {
    const labels = Buffer.from(key!).toString('latin1');
    if (!ids.has(labels)) ids.set(labels, ids.size + 1);
    known.put(key!, ids.get(labels)!);
  }
  return (body) => {
    const fresh = readWriteRequest(body, nothing);
    const again = readWriteRequest(body, known);
    const expected = fresh.values.map(() => 0);
    for (const { key, from, to } of fresh.series) {
      expected.fill(key ? (ids.get(Buffer.from(key).toString('latin1')) ?? 0) : 0, from, to);
    }
    expect([again.ids, again.values, again.timestamps]).toEqual([expected, fresh.values, fresh.timestamps]);
    return again;
  };
}

describe(`${inputs} bad bodies`, () => {
  it.each(decoders)(
    '%s reads or refuses each, without a crash, in bounded memory',
    { timeout: inputs * 5 + 20_000 },
    (name, body, decode) => {
      const seed = Number(process.env['FUZZ_SEED'] ?? 4);
      const pick = random(seed);
      const outcomes = { read: 0, refused: 0 };
      const before = process.memoryUsage().rss;
      for (let i = 0; i < inputs; i++) {
        const input = mutated(body, pick);
        try {
          decode(input);
          outcomes.read += 1;
        } catch (error) {
          if (!(error instanceof NightshiftError) || error.status < 400 || error.status >= 500) {
            throw new Error(`input ${i} of seed ${seed}: ${input.toString('hex')}`, { cause: error });
          }
          outcomes.refused += 1;
        }
      }
      // Both ways were taken: else it would have tested nothing.
      expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(inputs / 1_000);
      const grownMiB = Math.round((process.memoryUsage().rss - before) / 1024 / 1024);
      if (asked) console.log(`${name}: ${JSON.stringify(outcomes)}, no crash, resident memory ${grownMiB} MiB more`);
      expect(grownMiB).toBeLessThan(300);
    },
  );
});
