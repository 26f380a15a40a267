import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '@nightshift/types';
import { Redis } from 'ioredis';
import { referenced, unknown, type Check, type CheckContext, type Finding, type SubjectOf } from '../../check.ts';
import { judgeConnection } from '../../connection-error.ts';
import { listed } from '../../words.ts';

const fullPercent = 90;
const connectTimeoutMs = 5_000;
/** Two readings this far apart tell what is happening now from what once happened. */
const betweenReadingsMs = 200;
const slowRoundTripMs = 100;
const slowEntries = 128;

/** Memory against its limit, evictions, clients, persistence and replication of a Redis. That it answers is not yet "ok". */
export const redisHealth: Check<SubjectOf<'redis'>, 'redis_health'> = {
  id: 'redis_health',
  appliesTo: (subject) => subject.kind === 'redis',
  async run(context) {
    const url = referenced(context, context.subject.urlEnv);
    const client = new Redis(url, {
      lazyConnect: true,
      connectTimeout: connectTimeoutMs,
      enableReadyCheck: false, // a Redis that is loading its data is a finding, not a reason to wait
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      connectionName: 'nightshift-diagnostics',
    });
    let problem: unknown;
    let connected = false;
    client.on('error', (error) => (problem = error));
    client.on('connect', () => (connected = true));
    const cut = () => {
      client.disconnect();
      client.stream?.destroy(); // disconnect() alone is polite to a silent server for two seconds
    };
    context.signal.addEventListener('abort', cut, { once: true });
    try {
      return await look(client, context);
    } catch (error) {
      if (context.signal.aborted) return silent(connected, context);
      return judgeFailure(error, problem);
    } finally {
      context.signal.removeEventListener('abort', cut);
      cut();
    }
  },
};

async function look(
  client: Redis,
  { signal, incident }: CheckContext<SubjectOf<'redis'>>,
): Promise<Finding<'redis_health'>> {
  await client.connect();
  const before = parseInfo(await client.info());
  const latencyMs = await medianRoundTrip(client);
  await delay(betweenReadingsMs, undefined, { signal });
  const finding = judge(before, parseInfo(await client.info()));
  // An old server, or a role that may not read the slow log, is no finding.
  const slow = await client
    .slowlog('GET', slowEntries)
    .then((entries) => slowSince(entries as SlowEntry[], incident.onsetAt))
    .catch(() => ({}));
  const sluggish = latencyMs > slowRoundTripMs;
  return {
    status: finding.status === 'ok' && sluggish ? 'degraded' : finding.status,
    facts: { ...finding.facts, latencyMs, ...slow },
    output: `${finding.output}; PING takes ${latencyMs} ms${inWords(slow)}`,
  };
}

async function medianRoundTrip(client: Redis): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const started = performance.now();
    await client.ping();
    times.push(performance.now() - started);
  }
  return Math.round(times.sort((a, b) => a - b)[2]! * 100) / 100;
}

/** Id, time (s), duration (us), command and its arguments: https://redis.io/docs/latest/commands/slowlog-get/ */
type SlowEntry = [id: number, atSeconds: number, micros: number, command: string[], ...unknown[]];
type Slow = { slowCommands?: number; slowestMs?: number | null; slowestCommand?: string | null };

/** Of each command only its name: arguments are other people's data. */
function slowSince(entries: SlowEntry[], onsetAt: number): Slow {
  const since = entries.filter(([, atSeconds]) => atSeconds * 1_000 >= onsetAt - 1_000);
  const [slowest] = [...since].sort((a, b) => b[2] - a[2]);
  return {
    slowCommands: since.length,
    slowestMs: slowest ? slowest[2] / 1_000 : null,
    slowestCommand: slowest?.[3][0]?.toUpperCase() ?? null,
  };
}

const inWords = ({ slowCommands, slowestMs, slowestCommand }: Slow) =>
  slowCommands
    ? `; ${slowCommands} slow commands since the onset, the slowest ${slowestCommand} of ${slowestMs} ms`
    : '';

/** It took the connection and never said a word: down. It did not even take it: perhaps we are cut off. */
function silent(connected: boolean, { signal }: CheckContext<SubjectOf<'redis'>>): Finding<'redis_health'> {
  const words = errorMessage(signal.reason);
  return connected
    ? { status: 'down', facts: {}, output: `took the connection and never answered: ${words}` }
    : unknown(`could not be reached from here: ${words}`);
}

function judgeFailure(error: unknown, problem: unknown): Finding<'redis_health'> {
  const text = errorMessage(error);
  if (text.startsWith('LOADING'))
    return { status: 'degraded', facts: { loading: true }, output: 'it is loading its data' };
  if (/^(NOAUTH|WRONGPASS|NOPERM|ERR invalid (password|username))/i.test(text))
    return unknown(`it answers, but we may not look: ${text}`);
  return { ...judgeConnection(problem ?? error), facts: {} };
}

/** `key:value` lines of INFO. */
export function parseInfo(text: string): Map<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

/** Judges two readings of INFO, the second `betweenReadingsMs` after the first. A number that is not there is null, never "fine". */
export function judge(before: Map<string, string>, after: Map<string, string>): Finding<'redis_health'> {
  const number = (key: string, from = after) => {
    const text = from.get(key);
    const value = text === undefined || text === '' ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : null;
  };
  const used = number('used_memory');
  if (used === null) return unknown('its INFO does not say how much memory it uses');
  // Without a limit of its own, the machine's memory is the limit.
  const limit = number('maxmemory') || number('total_system_memory');
  const evicted = [number('evicted_keys', before), number('evicted_keys')] as const;
  const clients = number('connected_clients');
  const maxClients = number('maxclients');
  const facts = {
    usedMemoryBytes: used,
    maxMemoryBytes: number('maxmemory') || null,
    usedPercent: limit ? Math.round((used / limit) * 1_000) / 10 : null,
    maxMemoryPolicy: after.get('maxmemory_policy') ?? null,
    evictedKeys: evicted[1],
    evictedPerSecond:
      evicted[0] === null || evicted[1] === null ? null : ((evicted[1] - evicted[0]) * 1_000) / betweenReadingsMs,
    connectedClients: clients,
    clientsPercent: clients !== null && maxClients ? Math.round((clients / maxClients) * 1_000) / 10 : null,
    // Consumers of queues block by design: a fact, no fault.
    blockedClients: number('blocked_clients'),
    rejectedConnections: number('rejected_connections'),
    loading: after.get('loading') === '1',
    snapshotOk: after.get('rdb_last_bgsave_status') !== 'err',
    appendOk: after.get('aof_last_write_status') !== 'err',
    role: after.get('role') ?? null,
    replicationOk: after.get('master_link_status') !== 'down',
    replicas: number('connected_slaves'),
    replicaLagBytes: replicaLag(after),
  };
  const trouble = [
    facts.usedPercent !== null && facts.usedPercent >= fullPercent && `memory is ${facts.usedPercent}% full`,
    facts.evictedPerSecond !== null && facts.evictedPerSecond > 0 && `it evicts ${facts.evictedPerSecond} keys/s`,
    facts.clientsPercent !== null &&
      facts.clientsPercent >= fullPercent &&
      `${facts.clientsPercent}% of its client connections are taken`,
    facts.loading && 'it is loading its data',
    !facts.snapshotOk && 'its last snapshot failed',
    !facts.appendOk && 'its last write to the append-only file failed',
    !facts.replicationOk && 'it has lost its primary',
  ];
  const memory = `memory ${megabytes(used)}${facts.maxMemoryBytes ? ` of ${megabytes(facts.maxMemoryBytes)}` : ', no limit set'}`;
  const output = `${memory}; ${clients ?? '?'} clients, ${facts.blockedClients ?? '?'} of them blocked; ${facts.evictedKeys ?? '?'} keys evicted since its start`;
  return { status: trouble.some((line) => line !== false) ? 'degraded' : 'ok', facts, output: listed(trouble, output) };
}

/** `slave0:ip=...,port=...,state=online,offset=...,lag=...` against the primary's own offset. */
function replicaLag(info: Map<string, string>): number | null {
  const own = Number(info.get('master_repl_offset'));
  const offsets = [...info].flatMap(([key, value]) =>
    /^slave\d+$/.test(key) ? [/offset=(\d+)/.exec(value)?.[1]] : [],
  );
  const behind = offsets.map((offset) => own - Number(offset)).filter(Number.isFinite);
  return behind.length > 0 ? Math.max(0, ...behind) : null;
}

const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`;
