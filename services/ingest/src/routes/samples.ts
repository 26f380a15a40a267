import { inputLimits, NightshiftError } from '@nightshift/types';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readJson } from '../body.ts';
import { isRecord, isSeriesLimit, windowAt } from '../check.ts';
import type { DbClock } from '../clock.ts';
import type { GroupCommit } from '../group-commit.ts';
import type { Kinds } from '../kinds.ts';
import { createKnownSamples } from '../known-samples.ts';
import type { IngestMetrics } from '../metrics.ts';
import { readSamples, type IndexedRefusal, type ReadSamples } from '../read-samples.ts';
import { ErrorAnswer, listedRefusals, RefusedAnswer, SamplesAnswer, SamplesBody } from '../schema.ts';
import type { Senders } from '../senders.ts';
import type { SeriesRegistry } from '../series.ts';
import type { Door } from './door.ts';

export type SamplesParts = {
  clock: DbClock;
  door: Door;
  group: GroupCommit;
  registry: SeriesRegistry;
  kinds: Kinds;
  metrics: IngestMetrics;
  senders: Senders;
};

const schema = {
  summary: 'Push samples',
  description: `Up to ${inputLimits.samplesPerRequest} samples. A bad one is refused with its index and reason, the others are kept. An answer of 2xx comes once all accepted samples are in the queue. After a 503 send all of them again: a sample that comes twice counts once.`,
  body: SamplesBody,
  response: {
    202: SamplesAnswer.describe('The accepted samples are in the queue'),
    400: RefusedAnswer.describe('The body is malformed, or none of its samples could be taken'),
    401: ErrorAnswer.describe('No token, or one that is not in force'),
    403: ErrorAnswer.describe('The token lacks the scope for it'),
    413: ErrorAnswer.describe('Too many bytes or samples'),
    429: RefusedAnswer.describe('All samples are of new series, and there are too many series'),
    503: ErrorAnswer.describe('Behind, or the queue or the database is out of reach: send again after Retry-After'),
  },
};

/**
 * `POST /v1/samples`. Parses and checks by itself: a schema compiler in between would cost more than all the rest. A body that is known by
 * its text is not even parsed.
 */
export function samplesRoute(app: FastifyInstance, parts: SamplesParts & { cachedSeries: number }): void {
  const { clock, door, group, registry, metrics, senders } = parts;
  const known = createKnownSamples(parts.cachedSeries);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body);

  const read = async ({ body, headers, sender }: FastifyRequest): Promise<ReadSamples> => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const encoding = headers['content-encoding'];
    const at = clock.now();
    const again = encoding === undefined ? known.read(bytes, windowAt(at)) : undefined;
    if (again) return { ...again, refused: [] };
    const samples = samplesOf(readJson(bytes, encoding));
    const parsed = await readSamples(samples, at, registry.of(senders.registrar(sender)));
    if (parsed.refused.length === 0) known.learn(bytes, samples, parsed.batch.seriesIds);
    return parsed;
  };

  app.post(
    '/v1/samples',
    { schema, onRequest: door.enter, validatorCompiler: () => () => true, serializerCompiler: () => JSON.stringify },
    async (request, reply): Promise<SamplesAnswer> => {
      const { batch, count, refused } = await read(request);
      door.settle(request, count + refused.length);
      countRefused(metrics, refused);
      if (count === 0 && refused.length > 0) throw allRefused(refused);
      const queued = group.put(batch, count);
      door.leave(request);
      await queued;
      metrics.accepted(request.sender.name, count);
      reply.code(202);
      return { accepted: count, ...listed(refused) };
    },
  );
}

/** The list of samples in a body. Throws BODY_INVALID or BODY_TOO_LARGE. */
function samplesOf(body: unknown): readonly unknown[] {
  const samples = isRecord(body) ? body['samples'] : undefined;
  if (!Array.isArray(samples)) {
    throw new NightshiftError('BODY_INVALID', 'the body must be an object with a list "samples"');
  }
  if (samples.length > inputLimits.samplesPerRequest) {
    throw new NightshiftError(
      'BODY_TOO_LARGE',
      `${samples.length} samples in one request, at most ${inputLimits.samplesPerRequest} may be`,
    );
  }
  return samples;
}

function countRefused(metrics: IngestMetrics, refused: IndexedRefusal[]): void {
  if (refused.length === 0) return;
  const byReason = new Map<string, number>();
  for (const { reason } of refused) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  for (const [reason, samples] of byReason) metrics.refused(reason, samples);
}

const listed = (refused: IndexedRefusal[]) => ({
  rejected: refused.slice(0, listedRefusals),
  rejectedTotal: refused.length,
});

/** A sender whose every sample is wrong must not take the answer for success. */
function allRefused(refused: IndexedRefusal[]): NightshiftError {
  const first = refused[0]!;
  const code = refused.every(({ reason }) => isSeriesLimit(reason)) ? 'SERIES_LIMIT' : 'BODY_INVALID';
  const where = `samples[${first.index}]${first.field && `.${first.field}`}`;
  return new NightshiftError(code, `none of ${refused.length} samples could be taken; ${where}: ${first.message}`, {
    details: listed(refused),
  });
}
