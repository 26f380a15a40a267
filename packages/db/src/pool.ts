import { errorMessage, NightshiftError } from '@nightshift/types';
import pg from 'pg';
import { only, sqlOf, txOf, type Sql, type Tx } from './sql.ts';

const timestamptz = 1184;
const int8 = 20;
const parseDate = pg.types.getTypeParser(timestamptz) as (text: string) => Date;
const parsers = new Map<number, (text: string) => unknown>([
  [timestamptz, (text) => parseDate(text).getTime()],
  [int8, Number],
]);
/** Ours alone: other users of `pg` in this process keep theirs. */
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    parsers.get(oid) ?? pg.types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig;

/** The one bounded pool of a process. */
export type Db = Sql & {
  /** As `Sql.query`; a signal that aborts cuts the connection, so that even a server that never answers holds nothing back, and cancels the statement there. */
  query<Row = Record<string, unknown>>(text: string, params?: unknown[], signal?: AbortSignal): Promise<Row[]>;
  /** Runs `work` in one READ COMMITTED transaction (asserted); a deadlock is tried again, at most three times. */
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A connection of one's own, outside the pool: for advisory locks and LISTEN. The caller closes it. */
  dedicated(): Promise<pg.Client>;
  /** Connections in use, idle, and callers waiting for one. */
  usage(): { total: number; idle: number; waiting: number };
  close(): Promise<void>;
};

export type DbOptions = {
  url: string;
  /** Shown in pg_stat_activity. */
  name: string;
  max?: number;
  statementTimeoutMs?: number;
  onError?: (error: Error) => void;
};

const retryable = new Set(['40001', '40P01']);
const attempts = 3;
const cancelMs = 2_000;

/** Opens the pool; connects on first use. Every wait is bounded: connect 5 s, lock 10 s, statement 30 s, idle in transaction 30 s. */
export function openDb(options: DbOptions): Db {
  const onError = options.onError ?? (() => {});
  const connection = {
    connectionString: options.url,
    application_name: options.name,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    types,
  };
  const pool = new pg.Pool({
    ...connection,
    max: options.max ?? 8,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    lock_timeout: 10_000,
    idle_in_transaction_session_timeout: 30_000,
  });
  pool.on('error', onError);
  // A checked-out client needs a handler of its own, or a restart of the database ends the process.
  pool.on('connect', (client) => client.on('error', onError));

  const connect = () =>
    pool.connect().catch((cause: unknown) => {
      throw unavailable(cause);
    });

  const once = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    const client = await connect();
    let broken: Error | undefined;
    try {
      await begin(client);
      const result = await work(txOf(client));
      await client.query('COMMIT').catch((cause: unknown) => {
        if (cause instanceof pg.DatabaseError) throw cause; // the server said no: nothing was committed
        throw new NightshiftError('COMMIT_UNCERTAIN', `the connection broke during COMMIT: ${errorMessage(cause)}`, {
          cause,
        });
      });
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((cause: Error) => (broken = cause));
      throw error;
    } finally {
      client.release(broken);
    }
  };

  // A server does not notice that its client is gone while it works: without this the statement would run on.
  const cancels = new Set<Promise<void>>();
  const cancel = (pid: number | undefined) => {
    if (pid === undefined) return;
    const client = new pg.Client({ ...connection, connectionTimeoutMillis: cancelMs, query_timeout: cancelMs });
    client.on('error', () => {});
    const work = async () => {
      try {
        await client.connect();
        await client.query('SELECT pg_cancel_backend($1)', [pid]);
      } catch {
        // Its own time-out still ends it.
      }
      await client.end().catch(() => {});
    };
    const cancelling = work();
    cancels.add(cancelling);
    void cancelling.then(() => cancels.delete(cancelling));
  };

  return {
    async query<Row>(text: string, params?: unknown[], signal?: AbortSignal) {
      const client = await unlessAborted(connect(), signal);
      let broken: Error | undefined;
      const cut = () => {
        void client.end().catch(() => {}); // with a query under way, this destroys the socket at once
        cancel((client as { processID?: number }).processID);
      };
      signal?.addEventListener('abort', cut, { once: true });
      try {
        return await sqlOf(client).query<Row>(text, params);
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) broken = error as Error;
        throw signal?.aborted ? signal.reason : error;
      } finally {
        signal?.removeEventListener('abort', cut);
        client.release(signal?.aborted ? true : broken);
      }
    },
    async tx(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(work);
        } catch (error) {
          const again = error instanceof pg.DatabaseError && retryable.has(error.code ?? '') && attempt < attempts;
          if (!again) throw error;
        }
      }
    },
    async dedicated() {
      const client = new pg.Client({ ...connection, application_name: `${options.name} dedicated` });
      client.on('error', onError);
      await client.connect().catch((cause: unknown) => {
        throw unavailable(cause);
      });
      return client;
    },
    usage: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    async close() {
      await Promise.all([pool.end(), ...cancels]);
    },
  };
}

/** A connection, or the signal's reason; one that comes too late goes back to the pool. */
function unlessAborted(connecting: Promise<pg.PoolClient>, signal?: AbortSignal): Promise<pg.PoolClient> {
  if (!signal) return connecting;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    connecting
      .then((client) => (signal.aborted ? client.release() : resolve(client)), reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

async function begin(client: pg.PoolClient): Promise<void> {
  // Two statements, one round trip: the level is asserted, not assumed.
  const results = (await client.query(
    'BEGIN ISOLATION LEVEL READ COMMITTED; SHOW transaction_isolation',
  )) as unknown as pg.QueryResult[];
  const level = only(results[1]!.rows as { transaction_isolation: string }[]).transaction_isolation;
  if (level !== 'read committed') {
    throw new NightshiftError('ISOLATION_UNEXPECTED', `transaction runs at "${level}", not at "read committed"`);
  }
}

function unavailable(cause: unknown): NightshiftError {
  return new NightshiftError('DATABASE_UNAVAILABLE', `cannot connect to Postgres: ${errorMessage(cause)}`, { cause });
}
