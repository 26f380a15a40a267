import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, prometheusAvailable, startPrometheus } from '@nightshift/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { context, silentServer } from '../../stand-ins.ts';
import { prometheusQuery } from './prometheus-query.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

const query = 'sum by (pod) (rate(errors_total[5m])) > 0';
/** A stand-in that answers only the request that Prometheus documents, with the right token. */
async function prometheus(answer: object | string) {
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://x');
    const right = url.pathname === '/prom/api/v1/query' && url.searchParams.get('query') === query;
    if (request.headers.authorization !== 'Bearer canary-token') return response.writeHead(401).end();
    if (!right) return response.writeHead(404).end();
    return response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/prom/`;
}
const look = (url: string, given: Partial<SubjectOf<'prometheus'>> = {}, signal?: AbortSignal) =>
  prometheusQuery.run(
    context({
      subject: { id: 'errors', kind: 'prometheus', urlEnv: 'PROM', tokenEnv: 'TOKEN', query, actions: [], ...given },
      env: { PROM: url, TOKEN: 'canary-token' },
      ...(signal && { signal }),
    }),
  );
const vector = (...values: [pod: string, value: string][]) => ({
  status: 'success',
  data: { resultType: 'vector', result: values.map(([pod, value]) => ({ metric: { pod }, value: [1, value] })) },
});

describe('prometheus_query', () => {
  it('compares every series with the bounds of the catalogue', async () => {
    const url = await prometheus(vector(['a', '0.5'], ['b', '7'], ['c', 'NaN']));
    expect(await look(url, { degradedAbove: 10 })).toMatchObject({
      status: 'ok',
      facts: { value: 7, series: 2, breaching: 0, worstLabels: 'pod=b' },
    });
    expect(await look(url, { degradedAbove: 5 })).toMatchObject({ status: 'degraded', facts: { breaching: 1 } });
    expect(await look(url, { degradedBelow: 1 })).toMatchObject({
      status: 'degraded',
      facts: { value: 0.5, worstLabels: 'pod=a' },
    });
  });

  it('does not take "no data" for "well" (defect 22)', async () => {
    expect(await look(await prometheus(vector()), { degradedAbove: 5 })).toMatchObject({ status: 'unknown' });
    expect(await look(await prometheus(vector(['a', 'NaN'])), { degradedAbove: 5 })).toMatchObject({
      status: 'unknown',
    });
    expect(await look(await prometheus('<html>'))).toMatchObject({ status: 'unknown' });
    const refused = await prometheus({ status: 'error', errorType: 'bad_data', error: 'parse error' });
    expect((await look(refused)).output).toContain('bad_data');
    expect(await look(await prometheus('x'.repeat(2_000_000)))).toMatchObject({ status: 'unknown' });
  });

  it('tells down from unknown, lets go at its deadline, and shows no token (defects 20, 25 and 27)', async () => {
    expect(await look('http://no-such-host.invalid')).toMatchObject({ status: 'unknown' });
    const hole = await silentServer();
    const gone = await silentServer();
    await gone.close();
    expect(await look(`http://127.0.0.1:${gone.port}`)).toMatchObject({ status: 'down' });
    closing.push(() => hole.close());
    await expect(look(`http://127.0.0.1:${hole.port}`, {}, AbortSignal.timeout(200))).rejects.toThrow();
    await expect.poll(() => hole.open()).toBe(0);
    expect(JSON.stringify(await look(await prometheus(vector(['a', '1']))))).not.toContain('canary');
  });
});

describe('prometheus_query of a real Prometheus', () => {
  if (!prometheusAvailable()) {
    return it('not run', (test) => test.skip('prometheus and prometheus-node-exporter are not on this machine'));
  }
  let real: Awaited<ReturnType<typeof startPrometheus>>;
  beforeAll(async () => {
    real = await startPrometheus();
  });
  afterAll(() => real?.close());
  const ask = (given: Partial<SubjectOf<'prometheus'>>) => look(real.url, given);

  it('is ok while both jobs are up, degraded when the exporter is killed, down when Prometheus is', async () => {
    const up = { query: 'up', degradedBelow: 1 };
    await eventually(async () =>
      expect(await ask(up)).toMatchObject({ status: 'ok', facts: { value: 1, series: 2, breaching: 0 } }),
    );
    expect(await ask({ query: 'scalar(count(up))', degradedAbove: 1 })).toMatchObject({
      status: 'degraded',
      facts: { value: 2, series: 1, breaching: 1, worstLabels: null },
    });
    for (const [query, words] of [
      ['sum(', 'it refused the query (bad_data): '],
      ['up{job="nobody"}', 'no data'],
      ['up[1m]', 'no answer to a query'], // a range is nothing that a bound can be held against
    ] as const) {
      const { status, output } = await ask({ query, degradedBelow: 1 });
      expect({ query, status, output }).toMatchObject({
        status: 'unknown',
        output: expect.stringContaining(words) as string,
      });
    }
    await real.stopExporter();
    await eventually(async () =>
      expect(await ask(up)).toMatchObject({
        status: 'degraded',
        facts: { value: 0, series: 2, breaching: 1, worstLabels: expect.stringContaining('job=node') as string },
      }),
    );
    await real.close();
    expect(await ask(up)).toMatchObject({ status: 'down' });
  });
});
