import type { FastifyInstance } from 'fastify';
import type { Hub } from './hub.ts';

/** GET events: server-sent events, for as long as the session lasts. */
export function liveRoute(api: FastifyInstance, hub: Hub): void {
  api.get('/events', (request, reply) => {
    const stream = hub.subscribe(request.session?.expiresAt ?? 0);
    request.raw.on('close', () => stream.destroy());
    return reply
      .type('text/event-stream; charset=utf-8')
      .headers({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' })
      .send(stream);
  });
}
