import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noDocker, startDocker } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, incident } from '../../stand-ins.ts';
import { dockerContainer } from './docker-container.ts';

const look = (container: string, engine?: string, onsetAt = Date.now()) =>
  dockerContainer.run(
    context({
      subject: { id: 'shop', kind: 'docker', container, actions: [], ...(engine && { urlEnv: 'ENGINE' }) },
      env: engine ? { ENGINE: engine } : {},
      at: Date.now(),
      incident: { ...incident, onsetAt },
    }),
  );

describe('docker_container, as the Engine API is documented', () => {
  let folder: string;
  let server: Server;
  let state: object;
  const stats = {
    memory_stats: { usage: 96_000_000, limit: 100_000_000, stats: { inactive_file: 1_000_000 } },
    cpu_stats: { cpu_usage: { total_usage: 300 }, system_cpu_usage: 2_000, online_cpus: 4 },
    precpu_stats: { cpu_usage: { total_usage: 200 }, system_cpu_usage: 1_000 },
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nightshift-docker-'));
    server = createServer((request, response) => {
      if (request.url === '/containers/api/json')
        return response.end(JSON.stringify({ RestartCount: 3, State: state }));
      if (request.url === '/containers/api/stats?stream=false') return response.end(JSON.stringify(stats));
      return response.writeHead(404).end();
    }).listen(join(folder, 'docker.sock'));
    await once(server, 'listening');
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  const engine = () => `unix://${join(folder, 'docker.sock')}`;

  it('counts memory and CPU as `docker stats` does', async () => {
    state = { Status: 'running', StartedAt: '2026-01-01T00:00:00Z', Health: { Status: 'healthy' } };
    expect(await look('api', engine())).toMatchObject({
      status: 'degraded',
      facts: { memoryPercent: 95, cpuPercent: 40, restarts: 3, health: 'healthy', startedAfterOnset: false },
    });
  });

  it('is down when it has ended, with the code and whether it was for memory', async () => {
    state = { Status: 'exited', ExitCode: 137, OOMKilled: true, StartedAt: '2026-01-01T00:00:00Z' };
    const finding = await look('api', engine());
    expect(finding).toMatchObject({ status: 'down', facts: { state: 'exited', exitCode: 137, oomKilled: true } });
    expect(finding.output).toContain('it was killed for memory');
    expect(await look('nobody', engine())).toMatchObject({ status: 'down' });
  });

  it('is unknown where there is no engine to ask (defect 25)', async () => {
    expect(await look('api', 'unix:///no/such.sock')).toMatchObject({ status: 'unknown' });
    expect(await look('api', 'nonsense')).toMatchObject({ status: 'unknown' });
  });
});

describe('docker_container on a real engine', () => {
  it('sees a container that runs, and that it was stopped', async ({ skip }) => {
    const engine = noDocker() ?? (await startDocker());
    if (engine === null || typeof engine === 'string') return skip(engine ?? 'no Docker engine can run here');
    try {
      await engine.image('shop:v1', ['sleep', '300']);
      await engine.docker('run', '--detach', '--name', 'shop', '--memory', '64m', 'shop:v1');
      expect(await look('shop', engine.url, Date.now() + 60_000)).toMatchObject({
        status: 'ok',
        facts: { state: 'running', restarts: 0 },
      });
      await engine.docker('kill', 'shop');
      expect(await look('shop', engine.url)).toMatchObject({
        status: 'down',
        facts: { state: 'exited', exitCode: 137 },
      });
    } finally {
      await engine.close();
    }
  });
});
