import { createHash, timingSafeEqual } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { scenarios, type Faults, type Scenario } from './faults.ts';
import { Conflict, type Supervisor } from './supervisor.ts';

const key = { type: 'string', minLength: 1, maxLength: 200 };
const version = { type: 'string', pattern: '^v[0-9]+(-[0-9]+)?$' };
const replicas = { type: 'integer', minimum: 1, maximum: 8 };
const body = (required: string[], properties: object) => ({
  body: { type: 'object', required, properties, additionalProperties: false },
});
const schemas = {
  restart: body(['key'], { key, expectedInstance: key }),
  deploy: body(['key', 'from', 'to'], { key, from: version, to: version }),
  scale: body(['key', 'replicas'], { key, replicas, expectedReplicas: replicas }),
};

/** Why a request was refused: stable code, sentence. */
const refusal = (code: string, message: string, help: string) => ({ error: { code, message, help } });

/** The control API: what a platform offers to those who operate it. Everything but `/healthz` and `/readyz` wants the bearer token. */
export function createControl(options: {
  supervisor: Supervisor;
  faults: Faults;
  token: string;
  lastReport: () => LastReport | null;
}): FastifyInstance {
  const { supervisor, faults, token } = options;
  const app = Fastify({
    forceCloseConnections: true,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });

  app.addHook('onRequest', async (request, reply) => {
    if (request.url === '/healthz' || request.url === '/readyz') return;
    if (!sameText(request.headers.authorization ?? '', `Bearer ${token}`)) {
      await reply
        .code(401)
        .send(
          refusal('AUTH_INVALID', 'this needs the control token', 'Send `Authorization: Bearer <SHOP_CONTROL_TOKEN>`.'),
        );
    }
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof Conflict)
      return reply.code(409).send(refusal('CONFLICT', error.message, 'Read the present state and decide again.'));
    const status = error.statusCode ?? 500;
    return reply
      .code(status)
      .send(
        refusal(
          status < 500 ? 'BODY_INVALID' : 'INTERNAL',
          error.message,
          status < 500 ? 'Correct the named field and send again.' : 'See the log of the shop.',
        ),
      );
  });

  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const report = options.lastReport();
    return reply.code(report ? 200 : 503).send({ status: report ? 'ready' : 'no load yet' });
  });
  app.get('/processes', () => [supervisor.view()]);
  app.register(async (named) => {
    named.addHook('preHandler', async (request, reply) => {
      const { name } = request.params as { name: string };
      if (name !== supervisor.view().name)
        await reply
          .code(404)
          .send(refusal('NOT_FOUND', `there is no process ${name}`, `The processes are: ${supervisor.view().name}.`));
    });
    named.get('/processes/:name', () => supervisor.view());
    named.post<{ Body: { key: string; expectedInstance?: string } }>(
      '/processes/:name/restart',
      { schema: schemas.restart },
      (request) => supervisor.restart(request.body),
    );
    named.post<{ Body: { key: string; from: string; to: string } }>(
      '/processes/:name/deploy',
      { schema: schemas.deploy },
      (request) => supervisor.deploy(request.body),
    );
    named.post<{ Body: { key: string; replicas: number; expectedReplicas?: number } }>(
      '/processes/:name/scale',
      { schema: schemas.scale },
      (request) => supervisor.scale(request.body),
    );
  });

  app.post<{ Params: { scenario: string } }>('/faults/:scenario', async (request, reply) => {
    const { scenario } = request.params;
    if (!scenarios.includes(scenario as Scenario)) {
      return reply
        .code(404)
        .send(
          refusal('SCENARIO_UNKNOWN', `there is no scenario ${scenario}`, `Choose one of: ${scenarios.join(', ')}.`),
        );
    }
    const at = Date.now();
    await faults.cause(scenario as Scenario);
    return reply.code(202).send({ scenario, at });
  });
  app.delete('/faults', async () => {
    await faults.undo();
    return { process: supervisor.view() };
  });
  app.get('/effects', () => supervisor.effects());
  app.get('/load', () => options.lastReport() ?? { at: null, reports: 0, values: {} });
  return app;
}

/** What the edge saw last, and how many reports it has made. */
export type LastReport = { at: number; reports: number; values: Record<string, number> };

function sameText(a: string, b: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
