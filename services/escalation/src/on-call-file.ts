import type { Db } from '@nightshift/db';
import { startLoop } from '@nightshift/lifecycle';
import { watchYaml, type Logger, type Watched } from '@nightshift/runtime';
import { OnCall } from '@nightshift/types';

const setting = 'oncall_last_good';
const everyMs = 1_000;

/** Who is told what, and when: the on-call file as it was last good. */
export type OnCallFile = { current(): OnCall; close(): Promise<void> };

/**
 * Follows the on-call file and keeps its last good version in the database as well, so that a restart in the middle of a broken edit
 * still pages. Throws FILE_INVALID only when it is broken and never was good.
 */
export async function followOnCall(options: { file: string; db: Db; log: Logger }): Promise<OnCallFile> {
  const { file, db, log } = options;
  let watched: Watched<OnCall> | null = null;
  let kept = await readKept(db);
  try {
    watched = await watchYaml(file, OnCall, log);
  } catch (error) {
    if (!kept) throw error;
    log.error({ err: error, file }, 'the on-call file is broken: the last good one, from the database, is in force');
  }
  const current = () => watched?.current() ?? kept!;
  const round = async () => {
    watched ??= await watchYaml(file, OnCall, log).catch(() => null);
    if (watched && watched.current() !== kept) {
      await keep(db, watched.current());
      kept = watched.current();
    }
    return 'idle' as const;
  };
  await round();
  const loop = startLoop({ everyMs, round, onError: (err) => log.error({ err }, 'cannot keep the on-call file') });
  return {
    current,
    async close() {
      await loop.close();
      await watched?.close();
    },
  };
}

async function readKept(db: Db): Promise<OnCall | null> {
  const [row] = await db.query<{ value: unknown }>('SELECT value FROM setting WHERE key = $1', [setting]);
  const parsed = OnCall.safeParse(row?.value);
  return parsed.success ? parsed.data : null;
}

async function keep(db: Db, value: OnCall): Promise<void> {
  await db.query(
    `INSERT INTO setting (key, value, by) VALUES ($1, $2, 'escalation')
     ON CONFLICT (key) DO UPDATE SET value = $2, by = 'escalation', at = nightshift_now()`,
    [setting, JSON.stringify(value)],
  );
}
