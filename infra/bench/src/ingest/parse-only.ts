/** The least that a JSON front door can do, in a process of its own: fastify takes the body, parses it, and says how many samples it held. */
import fastify from 'fastify';

const app = fastify({ bodyLimit: 8 * 1024 * 1024 });
app.post<{ Body: { samples: unknown[] } }>('/v1/samples', (request, reply) =>
  reply.code(202).send({ accepted: request.body.samples.length }),
);
app.get('/readyz', () => ({ status: 'ready' }));
process.on('SIGTERM', () => process.exit(0));
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });
