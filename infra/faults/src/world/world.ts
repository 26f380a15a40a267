import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moveClock, type Db } from '@nightshift/db';
import { createToken } from '@nightshift/runtime';
import { freePort } from '@nightshift/testkit';
import type { ServiceName } from '@nightshift/types';
import { writeConfiguration } from './configuration.ts';
import { postgresDoorbell, redisDoorbell, type Doorbell } from './doorbell.ts';
import { startOutside, type Outside } from './outside.ts';
import { startTruth, urlAs } from './postgres.ts';
import { keepRunning, programOf, type Kept } from './processes.ts';

/** A whole Nightshift with everything around it. */
export type World = {
  dir: string;
  db: Db;
  doorbell: Doorbell;
  outside: Outside;
  processes: Kept[];
  ledger: string;
  ingest: { url: string; token: string };
  /** Epoch ms on the clock of the database and of the platform. */
  now(): number;
  /** Moves that clock on. */
  skip(ms: number): Promise<void>;
  crashPostgres(): Promise<void>;
  /** What died without having been killed. */
  deaths: string[];
  close(keep: boolean): Promise<void>;
};

export type WorldOptions = {
  seed: number;
  queue: 'redis' | 'postgres';
  /** Another build of the executor. */
  executor?: string;
  onEffect: (target: string) => void;
};

const counts: Partial<Record<ServiceName, number>> = {
  ingest: 1,
  detector: 1,
  diagnostics: 2,
  'runbook-executor': 4,
  escalation: 1,
};
const token = 'token of the platform';

export async function buildWorld(options: WorldOptions): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'nightshift-faults-'));
  await chmod(dir, 0o711); // as root, Postgres runs as somebody else, who must get through
  const [config, logDir, ledger] = [join(dir, 'config'), join(dir, 'logs'), join(dir, 'platform.jsonl')];
  await mkdir(logDir);
  const truth = await startTruth(join(dir, 'postgres'));
  const doorbell =
    options.queue === 'redis' ? await redisDoorbell(join(dir, 'redis')) : await postgresDoorbell(truth.url, truth.db);
  const [outside] = await Promise.all([
    startOutside({ ledger, seed: options.seed, token, onEffect: options.onEffect }),
    writeConfiguration(config),
  ]);
  const { secret } = await createToken(truth.db, { name: 'faults', scopes: ['ingest'] });
  const port = await freePort();
  const deaths: string[] = [];
  const processes = (Object.entries(counts) as [ServiceName, number][]).flatMap(([service, count]) =>
    Array.from({ length: count }, (_, i) => {
      const name = `${service}-${i + 1}`;
      const env = {
        PATH: process.env['PATH'] ?? '',
        DATABASE_URL: urlAs(truth.url, name),
        QUEUE_URL: doorbell.url,
        NIGHTSHIFT_CONFIG_DIR: config,
        NIGHTSHIFT_SECRET: 'a secret of the fault tests',
        PORT: service === 'ingest' ? String(port) : '0',
        SNAPSHOT_SECONDS: '1',
        SETTLE_MS: '0',
        CHECK_DEADLINE_MS: '3000',
        PAGE_TIMEOUT_MS: '2000',
        WORLD_URL: outside.url(name),
        WORLD_TOKEN: token,
        PAGER_URL: `${outside.url(name)}/pages`,
        PAGER_SECRET: 'secret of the pager',
      };
      const program = (service === 'runbook-executor' && options.executor) || programOf(service);
      return keepRunning({ name, service, program, env, logDir, onDeath: (what) => void deaths.push(what) });
    }),
  );

  let aheadMs = 0;
  return {
    dir,
    db: truth.db,
    doorbell,
    outside,
    processes,
    ledger,
    ingest: { url: `http://127.0.0.1:${port}/v1/samples`, token: secret },
    now: () => Date.now() + aheadMs,
    async skip(ms) {
      await outside.setAhead(aheadMs + ms);
      await moveClock(truth.db, ms);
      aheadMs += ms;
    },
    crashPostgres: () => truth.crash(),
    deaths,
    async close(keep) {
      await Promise.all(processes.map((each) => each.end()));
      await outside.close();
      await doorbell.close();
      await truth.close();
      if (!keep) await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
