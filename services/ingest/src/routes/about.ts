import type { FastifyInstance } from 'fastify';

const hint =
  'Nightshift ingest: POST /v1/samples, /v1/deployments, /api/v1/write, /v1/metrics or /api/v2/alerts with "Authorization: Bearer <token>". The API: /openapi.json, health: /readyz, metrics: /metrics\n';

/** `GET /` and `GET /openapi.json`, open to all. */
export function aboutRoutes(app: FastifyInstance): void {
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.type('text/plain; charset=utf-8').send(hint));
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
