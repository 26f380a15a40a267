import type { Db } from '@nightshift/db';

/** A connection of one's own whose life is the life of the advisory locks taken on it. */
export type Session = {
  /** Rejects after 3 s without an answer: a connection that hangs is lost, before the others count its owner as dead. */
  query<Row>(text: string, params?: unknown[]): Promise<Row[]>;
  /** Gives it up at once; `onLost` is told, once. */
  lose(): void;
  close(): Promise<void>;
};

const answerMs = 3_000;

/** Opens the connection. `onLost` is called once when it ends in any way but `close()`: its locks are gone then. */
export async function openSession(db: Db, onLost: () => void): Promise<Session> {
  const client = await db.dedicated();
  let over = false;
  const lose = () => {
    if (over) return;
    over = true;
    void client.end().catch(() => {});
    onLost();
  };
  client.on('end', lose);
  client.on('error', lose);
  return {
    lose,
    async query<Row>(text: string, params?: unknown[]) {
      const timer = setTimeout(lose, answerMs);
      try {
        return (await client.query(text, params)).rows as Row[];
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      over = true;
      await client.end();
    },
  };
}
