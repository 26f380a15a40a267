import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errorMessage, inputLimits, NightshiftError } from '@nightshift/types';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readJson } from '../body.ts';
import { exportAnswer, statusAnswer } from '../otlp/answer.ts';
import { readOtlpJson } from '../otlp/read-json.ts';
import { readOtlpProtobuf } from '../otlp/read-protobuf.ts';
import { readSeries } from '../read-series.ts';
import type { Door } from './door.ts';
import type { SamplesParts } from './samples.ts';

/**
 * `POST /v1/metrics`: OTLP over HTTP (opentelemetry.io/docs/specs/otlp), as protobuf or JSON, plain or gzip. 200 when everything is in the
 * queue, with `partialSuccess` for data points that were refused; a sender repeats what gets 429 or 503, and nothing else.
 */
export function otlpRoute(
  app: FastifyInstance,
  { clock, door, group, registry, kinds, metrics, senders }: SamplesParts,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body);
  // Errors are told in the sender's own format, whoever found them.
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode < 400 || typeof payload !== 'string') return payload;
    const answer = statusAnswer(isJson(request), reply.statusCode, payload);
    reply.header('content-type', answer.type).header('content-length', Buffer.byteLength(answer.body));
    return answer.body;
  });

  app.post('/v1/metrics', { schema: { hide: true }, onRequest: door.enter }, async (request, reply) => {
    const wire = await read(request, door);
    await kinds.learn(wire.kinds);
    const series = registry.of(senders.registrar(request.sender));
    const { batch, count, refused } = await readSeries(wire, clock.now(), series);
    door.settle(request, count + refused.total);
    const queued = group.put(batch, count);
    door.leave(request);
    await queued;

    metrics.accepted(request.sender.name, count);
    for (const [reason, samples] of refused.byReason) metrics.refused(reason, samples);
    if (wire.staleMarkers > 0) metrics.refused('stale_marker', wire.staleMarkers);
    if (wire.notFinite > 0) metrics.refused('not_finite', wire.notFinite);
    const { first } = refused;
    const why = first && `such as one of "${first.name.slice(0, 100)}": ${first.field} ${first.message}`;
    const answer = exportAnswer(isJson(request), refused.points.size, why ?? '');
    return reply.code(200).type(answer.type).send(answer.body);
  });
}

const isJson = ({ headers }: FastifyRequest) => /^application\/json\b/i.test(headers['content-type'] ?? '');

async function read(request: FastifyRequest, door: Door) {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/x-protobuf') {
    throw unsupported(
      `Content-Type ${JSON.stringify(type.slice(0, 80))}: send application/x-protobuf or application/json`,
    );
  }
  const body = await plain(request, door);
  return type === 'application/json' ? readOtlpJson(readJson(body)) : readOtlpProtobuf(body);
}

/** A deflated byte becomes 1,032 at most. */
const greatestRatio = 1_032;

async function plain(request: FastifyRequest, door: Door): Promise<Buffer> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') throw unsupported(`Content-Encoding ${encoding.slice(0, 40)}: send gzip or none`);
  // Its last four bytes say how long it was (RFC 1952): enough to refuse it, though no bound, so that the greatest is reserved.
  if (body.length >= 4 && body.readUInt32LE(body.length - 4) > inputLimits.bodyBytes) throw inflatesTooFar();
  door.widen(request, Math.min(inputLimits.bodyBytes, body.length * greatestRatio));
  try {
    return await promisify(gunzip)(body, { maxOutputLength: inputLimits.bodyBytes });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw inflatesTooFar();
    }
    throw new NightshiftError('BODY_INVALID', `the body is not gzip: ${errorMessage(error)}`);
  }
}

const inflatesTooFar = () =>
  new NightshiftError('BODY_TOO_LARGE', `the body inflates to more than ${inputLimits.bodyBytes} bytes`);
const unsupported = (what: string) => new NightshiftError('MEDIA_UNSUPPORTED', what);
