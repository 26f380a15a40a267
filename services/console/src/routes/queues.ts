import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Queue } from '@nightshift/queue';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sessionOf, type Guard } from '../access/guard.ts';
import { boardPolicy } from '../access/headers.ts';

export const boardPath = '/queues';

/**
 * Bull Board, which has no access control of its own: behind the session, and for reading only. Jobs carry ids and have no effect
 * that Postgres does not owe, but pausing or emptying a queue would still cost minutes.
 */
export async function queueRoutes(
  app: FastifyInstance,
  options: { guard: Guard; queue: Queue; shards: number },
): Promise<void> {
  const admit = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('content-security-policy', boardPolicy);
    if (!sessionOf(options.guard, request)) {
      const page = request.method === 'GET' && String(request.headers.accept ?? '').includes('text/html');
      if (page) return reply.redirect(`/login?next=${encodeURIComponent(request.url)}`, 303);
      return reply
        .code(401)
        .send({ error: { code: 'SESSION_MISSING', message: 'nobody is logged in', help: 'Log in to the console.' } });
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return reply.code(405).header('allow', 'GET, HEAD').send({ error: 'queues are shown for reading only' });
    }
  };
  app.addHook('onRequest', admit);
  // The hook above runs for addresses that do not exist, too.
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'there is no such page' }));

  const board = new FastifyAdapter();
  board.setBasePath(boardPath);
  createBullBoard({
    queues: options.queue
      .boards({ shards: options.shards })
      .map((each) => new BullMQAdapter(each, { readOnlyMode: true })),
    serverAdapter: board,
    options: { uiConfig: { boardTitle: 'Nightshift queues', miscLinks: [{ text: 'Console', url: '/' }] } },
  });
  await app.register(board.registerPlugin());
}
