import { z } from 'zod';

/**
 * The check catalogue: everything that diagnostics can find out, each fact declared once with its type and unit. Checks may only
 * answer these facts (it does not compile otherwise), runbooks may only ask for them (lint), and people read them here.
 * A fact that could not be found out is null or left out, never a comforting number.
 */

const number = (about: string) => z.number().nullable().describe(about);
const text = (about: string) => z.string().nullable().describe(about);
const flag = (about: string) => z.boolean().nullable().describe(about);

const percent = (of: string) => number(`0 to 100: ${of}`);

export const checkCatalogue = {
  database_connections: check('postgres', 'sessions by state against the connections that ordinary clients may have', {
    total: number('client sessions'),
    active: number('sessions that run a statement'),
    idle: number('sessions that wait for their client'),
    idleInTransaction: number('sessions that hold a transaction open and do nothing'),
    waitingOnLocks: number('sessions that wait for a lock'),
    hidden: number('sessions that our role may not see'),
    longestLockWaitMs: number('longest present wait for a lock, ms'),
    longestTransactionMs: number('age of the oldest open transaction, ms'),
    maxConnections: number('max_connections of the server'),
    reserved: number('connections kept for superusers and reserved roles'),
    usableConnections: number('connections that ordinary clients may have'),
    usedPercent: percent('of the usable connections in use'),
    refusesConnections: flag('it turned us away: none left'),
  }),
  database_locks: check('postgres', 'who blocks whom, and transactions that are open too long', {
    blocked: number('sessions that wait for another session'),
    blockers: number('sessions at the root: they block and are not blocked'),
    longestBlockedMs: number('longest wait behind another session, ms'),
    rootPid: number('process of the root blocker with the most behind it'),
    rootBlocks: number('sessions behind that root, directly or not'),
    rootState: text('state of that root, e.g. "idle in transaction"'),
    rootApplication: text('application_name of that root'),
    rootTransactionMs: number('age of its transaction, ms'),
    longestTransactionMs: number('age of the oldest open transaction of a client, ms'),
    longestIdleInTransactionMs: number('longest that a session sits idle inside a transaction, ms'),
  }),
  database_replication: check('postgres', 'how far replicas, and the replay of a replica itself, are behind', {
    isReplica: flag('the server is in recovery: a standby'),
    replicas: number('standbys that stream from it'),
    maxLagBytes: number('WAL that the slowest standby has not replayed, bytes'),
    maxLagMs: number('replay lag: of the slowest standby or, on a standby, its own, ms'),
    inactiveSlots: number('replication slots that nobody reads and that hold WAL back'),
    retainedBytes: number('WAL held back by the slot furthest behind, bytes'),
  }),
  database_size: check('postgres', 'size of the database against the limit that the catalogue gives', {
    sizeBytes: number('size of the database'),
    limitBytes: number('the limit of the catalogue (limitBytes)'),
    usedPercent: percent('of the limit'),
    deadTuplePercent: percent('dead rows among all rows of the worst table'),
    transactionsToWraparound: number('transactions left before the server refuses to write'),
  }),
  redis_health: check('redis', 'memory, evictions, clients, latency, slow log, persistence and replication', {
    usedMemoryBytes: number('memory in use'),
    maxMemoryBytes: number('maxmemory; null: none set'),
    usedPercent: percent('of maxmemory, or of the machine where none is set'),
    maxMemoryPolicy: text('what happens when it is full'),
    evictedKeys: number('keys evicted since its start'),
    evictedPerSecond: number('keys evicted per second, now'),
    connectedClients: number('clients'),
    clientsPercent: percent('of maxclients'),
    blockedClients: number('clients that wait in a blocking command'),
    rejectedConnections: number('connections turned away since its start'),
    loading: flag('it loads its data and answers nothing else'),
    snapshotOk: flag('the last snapshot was written'),
    appendOk: flag('the last write to the append-only file worked'),
    role: text('master or slave'),
    replicationOk: flag('a replica is connected to its primary'),
    replicas: number('replicas connected to it'),
    replicaLagBytes: number('replication stream that the slowest replica has not taken, bytes'),
    latencyMs: number('median round trip of PING, ms'),
    slowCommands: number('commands that the slow log took since the onset'),
    slowestMs: number('the slowest of these, ms'),
    slowestCommand: text('its name, without its arguments'),
  }),
  disk_usage: check('disk', 'bytes and inodes of a file system, as df counts', {
    usedPercent: percent('of the bytes that may be used'),
    freeBytes: number('bytes that ordinary users may still write'),
    totalBytes: number('size of the file system'),
    inodesUsedPercent: percent('of the inodes; null: the file system has no fixed number'),
    inodesFree: number('inodes left'),
  }),
  host_pressure: check('host', 'memory, CPU and I/O pressure of a machine', {
    cpus: number('logical processors'),
    cpuPercent: percent('of processor time in use over the sample'),
    load1: number('load average over 1 minute'),
    loadPerCpu: number('load average over 1 minute, per processor'),
    memoryTotalBytes: number('memory'),
    memoryAvailableBytes: number('memory that programs may still get without swapping'),
    memoryUsedPercent: percent('of memory that is not available'),
    swapUsedPercent: percent('of swap; null: there is none'),
    cpuStalledPercent: percent('of time in which some task waited for a processor (PSI, 10 s)'),
    memoryStalledPercent: percent('of time in which some task waited for memory (PSI, 10 s)'),
    ioStalledPercent: percent('of time in which some task waited for a disk (PSI, 10 s)'),
  }),
  recent_deployments: check('service', 'deployments of the last 2 h, and which of them overlap with the onset', {
    count: number('deployments in the last 2 h'),
    suspects: number('of these, how many overlap with the onset'),
    newestVersion: text('version deployed last'),
    previousVersion: text('version before that'),
    ageMinutes: number('minutes since the last deployment'),
    suspectDeployment: text('id of the newest suspect'),
    suspectVersion: text('its version'),
    suspectPreviousVersion: text('version before it'),
    suspectMinutesBeforeOnset: number('minutes between it and the onset'),
    suspectUndoable: flag('it is inside the rollback window of the limits'),
    newestIsSuspect: flag('nothing was deployed after the suspect'),
  }),
  recent_changes: check(
    'service',
    'other changes around the onset: deployments, or whatever else was reported, of dependencies; actions of ours',
    {
      count: number('changes in the last 2 h'),
      suspects: number('of these, how many overlap with the onset'),
      suspectKind: text('dependency_deployment, which any reported change is kept as, or action'),
      suspectSummary: text('what changed'),
      suspectService: text('whose change it was'),
      suspectMinutesBeforeOnset: number('minutes between it and the onset'),
    },
  ),
  dependency_health: check('service', 'what the service depends on, by the catalogue: open incidents and probes', {
    dependencies: number('services it depends on, directly or not'),
    unhealthy: number('of these, how many are in trouble'),
    unknown: number('of these, about how many nothing could be found out'),
    firstUnhealthy: text('the nearest that is in trouble'),
    earlierThanUs: flag('its trouble began before ours'),
  }),
  similar_incidents: check('service', 'incidents like this one in the last 90 days, and what ended them', {
    count: number('incidents of the same service and type'),
    automated: number('of these, how many a runbook ended'),
    byPerson: number('of these, how many a person ended'),
    self: number('of these, how many healed by themselves'),
    bestRunbook: text('the runbook that ended most of them'),
    bestRunbookWorked: number('incidents that it ended'),
    bestRunbookTried: number('incidents that it was tried in'),
    medianMinutesToResolve: number('median minutes from onset to end'),
    daysSinceLast: number('days since the last one'),
  }),
  http_probe: check('http', 'a GET as a client would send it', {
    status: number('HTTP status'),
    expectStatus: number('the status that the catalogue expects'),
    latencyMs: number('time to the first byte of the answer, ms'),
    connected: flag('the connection was made'),
    timedOut: flag('no answer within the time'),
    code: text('error code, e.g. ECONNREFUSED'),
  }),
  tcp_probe: check('tcp', 'a TCP connection', {
    connected: flag('the connection was made'),
    connectMs: number('time to connect, ms'),
    timedOut: flag('nobody answered at all: dropped on the way, or gone'),
    code: text('error code, e.g. ECONNREFUSED'),
  }),
  dns_probe: check('dns', 'what a name resolves to', {
    addresses: number('addresses found'),
    firstAddress: text('the first of them in sorted order'),
    lookupMs: number('time of the lookup, ms'),
    asExpected: flag('the addresses are those of the catalogue; null: it names none'),
    code: text('error code, e.g. ENOTFOUND'),
  }),
  tls_expiry: check('tls', 'the certificate that a server shows', {
    daysLeft: number('days until it expires; negative: expired'),
    expired: flag('it has expired'),
    notYetValid: flag('it is not valid yet'),
    trusted: flag('its chain and name are accepted'),
    reason: text('why it is not, e.g. CERT_HAS_EXPIRED'),
    subject: text('its common name'),
    issuer: text('who issued it'),
  }),
  kubernetes_workload: check('kubernetes', 'roll-out, pods, restarts, OOM kills and events of a workload', {
    desired: number('replicas wanted'),
    ready: number('replicas ready'),
    updated: number('replicas of the newest revision'),
    pending: number('pods that wait to be scheduled or started'),
    restarts: number('container restarts, summed'),
    restartsSinceOnset: number('containers that were restarted since the onset'),
    oomKilled: number('containers whose last end was for memory'),
    crashLooping: number('containers that wait in CrashLoopBackOff'),
    imageProblems: number('containers whose image cannot be pulled'),
    rolloutStuck: flag('the roll-out made no progress within its deadline'),
    paused: flag('the roll-out is paused'),
    revision: text('revision that is rolled out'),
    warnings: number('warning events since the onset'),
    topWarning: text('reason of the most frequent warning'),
  }),
  docker_container: check('docker', 'state, health, restarts and memory of a container', {
    state: text('running, restarting, exited ...'),
    health: text('healthy, unhealthy, starting; null: it has no health check'),
    restarts: number('restarts by the engine'),
    exitCode: number('exit code of its last end'),
    oomKilled: flag('its last end was for memory'),
    uptimeMinutes: number('minutes since its start'),
    startedAfterOnset: flag('it was started after the onset'),
    memoryPercent: percent('of its memory limit'),
    cpuPercent: number('processor time in use, 100 is one processor'),
  }),
  queue_backlog: check('bullmq', 'depth, age and failures of a BullMQ queue', {
    waiting: number('jobs that wait, prioritized ones included'),
    active: number('jobs being worked on'),
    delayed: number('jobs for later'),
    failed: number('failed jobs that are kept'),
    failedSinceOnset: number('of the newest 100 failed jobs, how many failed since the onset'),
    oldestWaitMs: number('how long the oldest waiting job waits, ms'),
    workers: number('workers connected; null: not known'),
    paused: flag('the queue is paused'),
    topError: text('most frequent reason among the newest failures'),
  }),
  prometheus_query: check('prometheus', 'a query against the bounds that the catalogue gives', {
    value: number('the value furthest towards the bound'),
    series: number('series in the answer'),
    breaching: number('series beyond the bound'),
    worstLabels: text('labels of the worst series'),
  }),
  log_patterns: check('log', 'error lines since the onset, and those of a kind that was not there before', {
    linesRead: number('lines looked at'),
    errorsSinceOnset: number('error lines since the onset'),
    errorsBefore: number('error lines before the onset, in what was read'),
    newPatterns: number('kinds of error that began with the onset'),
    topPattern: text('the most frequent of the new ones'),
    topPatternCount: number('how often it came'),
    newestAgeSeconds: number('age of the newest line with a time, seconds'),
  }),
} as const;

export type BuiltInCheck = keyof typeof checkCatalogue;

export const isBuiltIn = (check: string): check is BuiltInCheck => Object.hasOwn(checkCatalogue, check);

/** The facts that a check may answer. */
export type FactsOf<C extends BuiltInCheck> = Partial<z.infer<(typeof checkCatalogue)[C]['facts']>>;

export type FactType = 'number' | 'string' | 'boolean';

/** Type of a declared fact; undefined where the check does not know such a fact. */
export function factType(check: BuiltInCheck, fact: string): FactType | undefined {
  const shape: Record<string, z.ZodNullable> = checkCatalogue[check].facts.shape;
  const declared = Object.hasOwn(shape, fact) ? shape[fact] : undefined;
  const inner = declared?.unwrap();
  if (inner instanceof z.ZodNumber) return 'number';
  if (inner instanceof z.ZodBoolean) return 'boolean';
  return inner instanceof z.ZodString ? 'string' : undefined;
}

function check<F extends z.ZodRawShape>(on: string, about: string, facts: F) {
  return { on, about, facts: z.strictObject(facts) };
}
