import { NightshiftError } from '@nightshift/types';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isSeriesLimit } from '../check.ts';
import { readSeries, type Refusals } from '../read-series.ts';
import { declaredLength, inflate } from '../remote-write/inflate.ts';
import { createKnownLabels } from '../remote-write/known-labels.ts';
import { readWriteRequest } from '../remote-write/read-v1.ts';
import { readRequestV2 } from '../remote-write/read-v2.ts';
import type { WireBatch } from '../wire/series.ts';
import type { SamplesParts } from './samples.ts';

const v1 = 'prometheus.WriteRequest';
const v2 = 'io.prometheus.write.v2.Request';

/**
 * `POST /api/v1/write`: Prometheus remote write 1.0 and 2.0 (prometheus.io/docs/specs). 204 when all samples are in the queue; 400 when some were
 * refused, the others being kept; a sender repeats what gets a 5xx, and nothing else.
 */
export function remoteWriteRoute(app: FastifyInstance, parts: SamplesParts & { cachedSeries: number }): void {
  const { clock, door, group, registry, kinds, metrics, senders } = parts;
  const known = createKnownLabels(parts.cachedSeries);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body);

  app.post('/api/v1/write', { schema: { hide: true }, onRequest: door.enter }, async (request, reply) => {
    const message = messageOf(request);
    const written = (samples: number) => {
      if (message !== v2) return;
      reply.header('x-prometheus-remote-write-samples-written', samples);
      reply.header('x-prometheus-remote-write-histograms-written', 0);
      reply.header('x-prometheus-remote-write-exemplars-written', 0);
    };
    written(0);

    const block = bodyOf(request);
    door.widen(request, declaredLength(block));
    const body = inflate(block);
    const wire = message === v1 ? readWriteRequest(body, known) : readRequestV2(body);
    await kinds.learn(wire.kinds);
    const series = registry.of(senders.registrar(request.sender));
    const { batch, count, refused } = await readSeries(wire, clock.now(), series, known.put);
    door.settle(request, count + refused.total);
    const queued = group.put(batch, count);
    door.leave(request);
    await queued;

    metrics.accepted(request.sender.name, count);
    countWithoutEffect(wire, parts);
    for (const [reason, samples] of refused.byReason) metrics.refused(reason, samples);
    // Of stale markers and NaN nothing is kept, but nothing is wrong with them either.
    written(count + wire.staleMarkers + wire.notFinite);
    if (refused.total > 0 || wire.histograms > 0) throw refusal(count, refused, wire.histograms);
    return reply.code(204).send();
  });
}

/** Which of the two messages it is. A sender that does not say is taken at 1.0. Throws MEDIA_UNSUPPORTED. */
function messageOf({ headers }: FastifyRequest): typeof v1 | typeof v2 {
  const encoding = (headers['content-encoding'] ?? 'snappy').trim().toLowerCase();
  if (encoding !== 'snappy') throw unsupported(`Content-Encoding ${encoding.slice(0, 40)}: send snappy`);
  const [type = '', ...params] = (headers['content-type'] ?? 'application/x-protobuf').split(';').map((s) => s.trim());
  const proto = params.find((param) => /^proto=/i.test(param))?.slice('proto='.length) ?? v1;
  if (type.toLowerCase() === 'application/x-protobuf' && (proto === v1 || proto === v2)) return proto;
  throw unsupported(
    `Content-Type ${JSON.stringify((headers['content-type'] ?? '').slice(0, 120))}: send ${v1} or ${v2}`,
  );
}

function bodyOf({ body }: FastifyRequest): Buffer {
  if (Buffer.isBuffer(body) && body.length > 0) return body;
  throw new NightshiftError('BODY_INVALID', 'the body is empty');
}

function countWithoutEffect({ staleMarkers, notFinite, histograms }: WireBatch, { metrics }: SamplesParts): void {
  if (staleMarkers > 0) metrics.refused('stale_marker', staleMarkers);
  if (notFinite > 0) metrics.refused('not_finite', notFinite);
  if (histograms > 0) metrics.refused('native_histogram', histograms);
}

function refusal(accepted: number, refused: Refusals, histograms: number): NightshiftError {
  const reasons = Object.fromEntries(refused.byReason);
  const { first } = refused;
  const why = [
    first && `${refused.total} samples, such as one of "${first.name.slice(0, 100)}": ${first.field} ${first.message}`,
    histograms > 0 && `${histograms} native histograms, which are not supported: send classic ones`,
  ].filter(Boolean);
  const onlyLimit = accepted === 0 && histograms === 0 && [...refused.byReason.keys()].every(isSeriesLimit);
  return new NightshiftError(onlyLimit ? 'SERIES_LIMIT' : 'BODY_INVALID', `refused were ${why.join(', and ')}`, {
    details: { accepted, refused: { ...reasons, ...(histograms > 0 ? { native_histogram: histograms } : {}) } },
  });
}

const unsupported = (what: string) => new NightshiftError('MEDIA_UNSUPPORTED', what);
