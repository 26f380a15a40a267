import { Redis } from 'ioredis';
import type { Fleet } from '../ground/fleet.ts';
import type { House } from '../ground/house.ts';
import { descriptors, residentMb, treeMb } from '../ground/memory.ts';
import type { Ground } from '../ground/nightshift.ts';

/** What everything takes at one time. By process: MB and open descriptors. */
export type Look = {
  hours: number;
  memoryMb: Record<string, number>;
  descriptors: Record<string, number>;
  connections: { postgres: number; redis: number };
  redisMb: number;
  tablesMb: Record<string, number>;
};

/** Looks every now and then, until it is stopped; returns what was seen. */
export async function watch(house: House, ground: Ground, fleet: Fleet, everyMs: number) {
  const redis = new Redis(ground.redis.url);
  house.onClose(() => redis.disconnect());
  const started = performance.now();
  const looks: Look[] = [];
  const look = async () =>
    looks.push({ hours: (performance.now() - started) / 3_600_000, ...(await lookOnce(ground, fleet, redis)) });
  let failed: unknown;
  const timer = setInterval(() => void look().catch((error: unknown) => (failed = error)), everyMs);
  house.onClose(() => clearInterval(timer));
  return {
    last: () => looks.at(-1),
    stop(): Look[] {
      clearInterval(timer);
      redis.disconnect();
      if (failed) throw failed;
      return looks;
    },
  };
}

async function lookOnce(
  { postgres, redis: store }: Ground,
  { ingests, detectors }: Fleet,
  redis: Redis,
): Promise<Omit<Look, 'hours'>> {
  const processes = [...ingests, ...detectors].map(({ name, child }) => [name, child.pid] as const);
  const info = await redis.info();
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)![1]);
  const [counted] = await postgres.db.query<{ connections: number }>(
    `SELECT count(*) AS connections FROM pg_stat_activity WHERE backend_type = 'client backend'`,
  );
  const tables = await postgres.db.query<{ name: string; bytes: number }>(
    `SELECT relname AS name, pg_total_relation_size(relid) AS bytes FROM pg_stat_user_tables`,
  );
  return {
    memoryMb: {
      ...Object.fromEntries(processes.map(([name, pid]) => [name, residentMb(pid)])),
      redis: residentMb(store.pid),
      postgres: treeMb(postgres.pid),
    },
    descriptors: Object.fromEntries(
      [...processes, ['redis', store.pid] as const].map(([name, pid]) => [name, descriptors(pid)]),
    ),
    connections: { postgres: counted!.connections, redis: field('connected_clients') },
    redisMb: field('used_memory') / 1_048_576,
    tablesMb: Object.fromEntries(tables.map(({ name, bytes }) => [name, bytes / 1_048_576])),
  };
}
