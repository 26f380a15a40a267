import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answers, freePort, installed, startChild } from './child.ts';
import { processMeter, type Meter } from './cpu.ts';
import type { House } from './house.ts';

export type Prometheus = { port: number; meter: Meter };

/** Debian's Prometheus with a configuration and flags; null where it is not installed, which a line of progress says. */
export async function startPrometheus(house: House, config: string, flags: string[] = []): Promise<Prometheus | null> {
  if (!installed('prometheus')) {
    house.say('prometheus is not installed: skipped (on Debian: apt-get install prometheus)');
    return null;
  }
  const port = await freePort();
  const file = join(house.dir, 'prometheus.yml');
  await writeFile(file, config);
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(house.dir, 'prometheus')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...flags,
  ];
  const ready = () => answers(`http://127.0.0.1:${port}/-/ready`);
  const child = await startChild(house, 'prometheus', { file: 'prometheus', args }, ready);
  return { port, meter: processMeter('prometheus', child.pid) };
}
