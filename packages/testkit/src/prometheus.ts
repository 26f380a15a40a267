import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

const installed = (...names: string[]) => names.every((name) => spawnSync(name, ['--version']).status === 0);

/** Whether Prometheus and its node exporter, as Debian packages them, are on this machine. */
export const prometheusAvailable = (): boolean => installed('prometheus', 'prometheus-node-exporter');

export const alertmanagerAvailable = (): boolean => installed('prometheus-alertmanager');

/** A real Prometheus that scrapes itself and a real node exporter each second, with `more` in its configuration. */
export async function startPrometheus(more = '', files: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-prometheus-'));
  const [port, exporterPort] = [await freePort(), await freePort()];
  const config = `global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs:
  - {job_name: node, static_configs: [{targets: ['127.0.0.1:${exporterPort}']}]}
  - {job_name: prometheus, static_configs: [{targets: ['127.0.0.1:${port}']}]}
${more}`;
  for (const [name, content] of Object.entries({ ...files, 'prometheus.yml': config })) {
    await writeFile(join(folder, name), content);
  }
  const exporter = spawn('prometheus-node-exporter', [`--web.listen-address=127.0.0.1:${exporterPort}`], {
    stdio: 'ignore',
  });
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  prometheus.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  return {
    url: `http://127.0.0.1:${port}`,
    /** What it logged so far. */
    log: () => log,
    /** The present value of one of its own metrics, summed over its series. */
    async metric(name: string): Promise<number> {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const values = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
      return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    stopExporter: () => stop(exporter),
    async close() {
      await Promise.all([stop(prometheus), stop(exporter)]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A real Alertmanager that tells the receiver `nightshift` of everything within a second or two. */
export async function startAlertmanager(receivers: string) {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-alertmanager-'));
  const port = await freePort();
  const route = 'route: {receiver: nightshift, group_wait: 1s, group_interval: 1s, group_by: [alertname]}';
  const config = `${route}\n${receivers}`;
  await writeFile(join(folder, 'alertmanager.yml'), config);
  const alertmanager = spawn(
    'prometheus-alertmanager',
    [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    { stdio: 'ignore' },
  );
  return {
    /** Rejects until it listens. */
    async post(alerts: object[]): Promise<number> {
      const response = await fetch(`http://127.0.0.1:${port}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts),
      });
      return response.status;
    },
    async close() {
      await stop(alertmanager);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
