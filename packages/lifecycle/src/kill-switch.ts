import type { Sql, Tx } from '@nightshift/db';

export type KillSwitch = { on: boolean; by: string; at: number; reason: string };

/** Whether all actions are stopped. Durable; read inside every admission. */
export async function readKillSwitch(sql: Sql): Promise<KillSwitch> {
  const [row] = await sql.query<{ value: { on: boolean; reason: string }; by: string; at: number }>(
    `SELECT value, by, at FROM setting WHERE key = 'kill_switch'`,
  );
  return row ? { ...row.value, by: row.by, at: row.at } : { on: false, by: 'default', at: 0, reason: '' };
}

/** Stops all actions everywhere, or lets them go on. Only a person does either. */
export async function setKillSwitch(sql: Sql, on: boolean, by: string, reason: string): Promise<void> {
  await sql.query(
    `INSERT INTO setting (key, value, by) VALUES ('kill_switch', $1, $2)
     ON CONFLICT (key) DO UPDATE SET value = $1, by = $2, at = nightshift_now()`,
    [JSON.stringify({ on, reason }), by],
  );
}

/** The row that every admission passes: whoever stops actions holds it until the stop is committed. */
const gate = `SELECT 1 FROM setting WHERE key = 'kill_switch' FOR`;

/** No admission goes past until this transaction ends; each that comes later sees what it wrote. */
export const closeGate = (tx: Tx) => tx.query(`${gate} UPDATE`);

/** Goes past, together with others, once nobody is about to stop actions. */
export const passGate = (tx: Tx) => tx.query(`${gate} SHARE`);
