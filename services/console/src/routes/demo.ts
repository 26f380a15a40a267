import { errorMessage, NightshiftError } from '@nightshift/types';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Demo } from '../wire.ts';

const scenarios = ['bad-deploy', 'crash', 'mystery', 'overload', 'fix-fails', 'disk-full'] as const;
const Processes = z.array(z.object({ name: z.string(), state: z.string(), version: z.string() })).max(1_000);
const timeoutMs = 5_000;
const mostBytes = 256 * 1024;

export type Shop = { url: string; token: string };

/** Breaking the demo shop for real, through its control API. Only there when this console was told where that is. */
export function demoRoutes(api: FastifyInstance, shop: Shop): void {
  api.get('/faults', async (): Promise<Demo> => {
    const processes = Processes.safeParse(await call(shop, 'GET', '/processes'));
    if (!processes.success)
      throw new NightshiftError('DEMO_UNAVAILABLE', 'the demo shop answered something else than its processes');
    return { scenarios, processes: processes.data };
  });
  api.post('/faults/:scenario', async (request, reply) => {
    const { scenario } = request.params as { scenario: string };
    if (!(scenarios as readonly string[]).includes(scenario)) {
      throw new NightshiftError(
        'SCENARIO_UNKNOWN',
        `there is no scenario "${scenario}"; there are ${scenarios.join(', ')}`,
      );
    }
    await call(shop, 'POST', `/faults/${scenario}`);
    return reply.code(202).send({ scenario });
  });
  api.delete('/faults', async () => {
    await call(shop, 'DELETE', '/faults');
    return { undone: true };
  });
}

async function call(shop: Shop, method: string, path: string): Promise<unknown> {
  try {
    const response = await fetch(`${shop.url.replace(/\/$/, '')}${path}`, {
      method,
      headers: { authorization: `Bearer ${shop.token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = (await response.text()).slice(0, mostBytes);
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return text === '' ? null : JSON.parse(text);
  } catch (cause) {
    throw new NightshiftError('DEMO_UNAVAILABLE', `the demo shop could not be asked: ${errorMessage(cause)}`, {
      cause,
    });
  }
}
