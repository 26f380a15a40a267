import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { blackHoledPort, context, silentServer } from '../../stand-ins.ts';
import { tcpProbe } from './tcp-probe.ts';

const run = promisify(execFile);
const target: SubjectOf<'tcp'> = { id: 'shop-port', kind: 'tcp', urlEnv: 'SHOP_PORT', actions: [] };
const look = (url: string, signal?: AbortSignal) =>
  tcpProbe.run(context({ subject: target, env: { SHOP_PORT: url }, ...(signal && { signal }) }));

describe('tcp_probe', () => {
  it('is ok where a connection is taken, and hangs up', async () => {
    const server = await silentServer();
    const { status, facts } = await look(`tcp://127.0.0.1:${server.port}`);
    expect(status).toBe('ok');
    expect(facts).toMatchObject({ connected: true, timedOut: false });
    await expect.poll(() => server.open()).toBe(0);
    await server.close();
  });

  it('tells refused from a name that is none, and from an address that is none (defect 25)', async () => {
    expect(await look('tcp://127.0.0.1:1')).toMatchObject({ status: 'down', facts: { code: 'ECONNREFUSED' } });
    expect(await look('tcp://no-such-host.invalid:1')).toMatchObject({
      status: 'unknown',
      facts: { connected: false },
    });
    expect(await look('127.0.0.1:1')).toMatchObject({ status: 'unknown' });
    expect(await look('tcp://127.0.0.1')).toMatchObject({ status: 'unknown' });
  });

  it('gives up on a port that swallows everything, and says that this may be the way there', async () => {
    const hole = await blackHoledPort();
    const finding = await look(`tcp://127.0.0.1:${hole.port}`, AbortSignal.timeout(150));
    expect(finding).toMatchObject({ status: 'unknown', facts: { connected: false, timedOut: true } });
    await hole.close();
  });

  it('says of a host that cannot be reached that it does not know', async ({ skip }) => {
    const route = ['route', 'add', 'unreachable', '192.0.2.77/32'];
    await run('ip', route).catch(() => skip('a route cannot be added here: needs root and `ip`'));
    try {
      expect(await look('tcp://192.0.2.77:80')).toMatchObject({ status: 'unknown', facts: { code: 'EHOSTUNREACH' } });
    } finally {
      await run('ip', ['route', 'del', ...route.slice(2)]);
    }
  });
});
