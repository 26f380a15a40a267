import type { Db } from '@nightshift/db';
import type { Queue } from '@nightshift/queue';
import { errorMessage, inputLimits, NightshiftError } from '@nightshift/types';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** The HTTP side of a service: coded errors, `/healthz`, `/readyz`, `/metrics`. The service adds its routes; the runtime listens. */
export function createApp(options: { log: Logger; metrics: Metrics; db: Db; queue: Queue }): FastifyInstance {
  const { log, metrics, db, queue } = options;
  const app = Fastify({
    bodyLimit: inputLimits.bodyBytes,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 256 },
  });
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply, log, metrics));
  app.setNotFoundHandler((request, reply) =>
    answerError(
      new NightshiftError('NOT_FOUND', `there is no ${request.method} ${request.url.split('?')[0]}`),
      request,
      reply,
      log,
      metrics,
    ),
  );

  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const [database, queueReady] = await Promise.all([
      within(2_000, db.query('SELECT 1')),
      within(2_000, queue.isReady()),
    ]);
    const ready = database !== undefined && queueReady === true;
    return reply
      .code(ready ? 200 : 503)
      .send({ status: ready ? 'ready' : 'not ready', database: database !== undefined, queue: queueReady === true });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  return app;
}

function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, undefined);
    work.then(resolve, () => resolve(undefined)).finally(() => clearTimeout(timer));
  });
}

function answerError(
  error: FastifyError | NightshiftError,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Logger,
  metrics: Metrics,
) {
  const coded = error instanceof NightshiftError ? error : codedHttpError(error);
  metrics.countError(coded.code);
  const status = coded.status || 500;
  if (status >= 500) log.error({ err: error, url: request.url, code: coded.code }, 'request failed');
  if (status === 503) reply.header('retry-after', Number(coded.details['retryAfterSeconds'] ?? 2));
  return reply
    .code(status)
    .send({ error: { code: coded.code, message: coded.message, help: coded.help, ...coded.details } });
}

function codedHttpError(error: FastifyError): NightshiftError {
  if (error.statusCode === 413)
    return new NightshiftError('BODY_TOO_LARGE', `the body is larger than ${inputLimits.bodyBytes} bytes`);
  if (error.validation || (error.statusCode ?? 500) < 500)
    return new NightshiftError('BODY_INVALID', errorMessage(error), { cause: error });
  return new NightshiftError('INTERNAL', 'something unexpected went wrong', { cause: error });
}
