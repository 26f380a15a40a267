import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

const notBuilt =
  'The console is running, but its web page is not built.\nBuild it with: pnpm --filter @nightshift/console run build:web\n';

/** Sends the page. It holds no data, so it needs no session: everything it shows comes from the API. */
export async function sendPage(webDir: string, reply: FastifyReply): Promise<FastifyReply> {
  const html = await readFile(join(webDir, 'index.html')).catch(() => null);
  if (!html) return reply.code(503).type('text/plain; charset=utf-8').send(notBuilt);
  return reply.type('text/html; charset=utf-8').send(html);
}

/** The page under each of its addresses, and its files, whose names change with their content. */
export async function pageRoutes(app: FastifyInstance, { webDir }: { webDir: string }): Promise<void> {
  for (const path of ['/', '/inbox', '/series', '/quiet', '/incidents/:id'])
    app.get(path, (_request, reply) => sendPage(webDir, reply));
  await app.register(fastifyStatic, {
    root: join(webDir, 'assets'),
    prefix: '/assets/',
    index: false,
    cacheControl: false,
    setHeaders: (reply) => void reply.header('cache-control', 'public, max-age=31536000, immutable'),
  });
}
