import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createToken } from '@nightshift/runtime';
import { inputLimits, type ServiceName } from '@nightshift/types';
import { answers, freePort, startChild, type Child } from './child.ts';
import { processMeter, type Meter } from './cpu.ts';
import type { House } from './house.ts';
import { startPostgres, startQueueRedis, type Postgres, type Redis } from './stores.ts';

/** A service as a process of its own. */
export type Service = { name: ServiceName; port: number; child: Child; meter: Meter };

export type Ground = { postgres: Postgres; redis: Redis; configDir: string; token: string };

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** What a limit per token would hold back is what a benchmark is about. */
const unlimited = {
  samplesPerSecond: inputLimits.samplesPerSecondPerToken.max,
  newSeriesPerSecond: inputLimits.newSeriesPerSecondPerToken.max,
  maxSeries: inputLimits.seriesTotal,
};

/** What the services stand on, with the files of a configuration by name. */
export async function layGround(house: House, files: Record<string, string>): Promise<Ground> {
  house.say('starting Redis and Postgres');
  const redis = await startQueueRedis(house);
  const postgres = await startPostgres(house);
  const configDir = join(house.dir, 'config');
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(configDir, name)), { recursive: true });
    await writeFile(join(configDir, name), content);
  }
  const { secret } = await createToken(postgres.db, { name: 'bench', scopes: ['ingest'], limits: unlimited });
  return { postgres, redis, configDir, token: secret };
}

/** Starts a service as production does: its built `main.js`, on plain node, at its default configuration but for `env`. */
export async function startService(
  house: House,
  ground: Ground,
  name: ServiceName,
  env: Record<string, string> = {},
): Promise<Service> {
  const script = join(root, 'services', name, 'dist/main.js');
  if (!existsSync(script)) throw new Error(`${script} is missing: run \`npm run build\` first`);
  const port = await freePort();
  const given = {
    DATABASE_URL: ground.postgres.url,
    QUEUE_URL: ground.redis.url,
    NIGHTSHIFT_CONFIG_DIR: ground.configDir,
    RUNBOOKS_DIR: join(ground.configDir, 'runbooks'),
    NIGHTSHIFT_SECRET: 'a secret of the benchmark',
    LOG_LEVEL: 'warn',
    PORT: String(port),
    ...env,
  };
  const ready = () => answers(`http://127.0.0.1:${port}/readyz`);
  const nodeArgs = (process.env['BENCH_NODE_ARGS'] ?? '').split(' ').filter(Boolean);
  const child = await startChild(
    house,
    name,
    { file: process.execPath, args: [...nodeArgs, script], env: given },
    ready,
  );
  return { name, port, child, meter: processMeter(name, child.pid) };
}

/** A counter's values by the value of one of its labels, over several processes, from their `/metrics`. */
export async function readCounter(services: Service[], counter: string, label: string): Promise<Map<string, number>> {
  const values = new Map<string, number>();
  for (const { port } of services) {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const line of text.split('\n')) {
      if (!line.startsWith(`${counter}{`)) continue;
      const key = new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1] ?? '';
      values.set(key, (values.get(key) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)));
    }
  }
  return values;
}
