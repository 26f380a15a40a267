import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answers, freePort, installed, startChild } from '../ground/child.ts';
import type { House } from '../ground/house.ts';
import { startPrometheus } from '../ground/prometheus.ts';
import { alertmanagerConfig, alertRules, prometheusConfig } from './configuration.ts';

/** Debian's Prometheus and Alertmanager on the same signals; null where they are not installed. */
export async function startPeers(
  house: House,
  listener: { url: string; port: number },
  forSeconds: number,
): Promise<true | null> {
  if (!installed('prometheus', 'prometheus-alertmanager')) {
    house.say('prometheus or prometheus-alertmanager is not installed: skipped (on Debian: apt-get install both)');
    return null;
  }
  house.say('starting Prometheus and Alertmanager');
  const port = await freePort();
  const config = join(house.dir, 'alertmanager.yml');
  const rules = join(house.dir, 'rules.yml');
  await writeFile(config, alertmanagerConfig(listener.url));
  await writeFile(rules, alertRules(forSeconds));
  const args = [
    `--config.file=${config}`,
    `--storage.path=${join(house.dir, 'alertmanager')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ];
  const ready = () => answers(`http://127.0.0.1:${port}/-/ready`);
  await startChild(house, 'alertmanager', { file: 'prometheus-alertmanager', args }, ready);
  return (await startPrometheus(house, prometheusConfig(listener.port, port, rules))) && true;
}
