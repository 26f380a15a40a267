import type { Db } from '@nightshift/db';
import { startLoop } from '@nightshift/lifecycle';
import { assign } from './assign.ts';
import * as sql from './membership-sql.ts';
import { openSession, type Session } from './session.ts';

/** A shard while it is owned. `handover`: save first, the next owner waits. `lost`: somebody else may own it already. */
export type Holding = { close(how: 'handover' | 'lost'): Promise<void> };

export type MembershipOptions = {
  db: Db;
  memberId: string;
  shardCount: number;
  /** Called when a shard becomes ours, with the epoch that all its writes must carry. */
  hold: (shard: number, epoch: number) => Promise<Holding>;
  onError: (error: unknown) => void;
};

export type Membership = {
  owned(): number[];
  /** Something showed that our locks are gone: let go of everything and join anew. */
  abandon(): void;
  close(): Promise<void>;
};

const beatMs = 1_000;
const assignMs = 500;

/**
 * Takes part in sharing the shards. Being alive is a row that beats; owning a shard is an advisory lock on a connection of our
 * own, which the server releases by itself when we die. A holder that is stopped keeps its connection: when its beats stay
 * away, its backend is terminated, and the raised epoch keeps its later writes out.
 */
export function startMembership(options: MembershipOptions): Membership {
  const { db, memberId, shardCount, onError } = options;
  const holdings = new Map<number, Holding>();
  const letGo = new Map<number, Promise<void>>();
  let session: Session | null = null;

  function release(shard: number, how: 'handover' | 'lost'): Promise<void> {
    const holding = holdings.get(shard);
    if (!holding) return Promise.resolve();
    holdings.delete(shard);
    const closing = holding
      .close(how)
      .catch(onError)
      .finally(() => letGo.delete(shard));
    letGo.set(shard, closing);
    return closing;
  }

  async function join(): Promise<Session> {
    const joined = await openSession(db, () => {
      session = null;
      for (const shard of holdings.keys()) void release(shard, 'lost');
    });
    await sql.beat(joined, memberId).catch((error: unknown) => {
      joined.lose();
      throw error;
    });
    return joined;
  }

  async function take(mine: Session, shard: number) {
    if (letGo.has(shard)) return; // its earlier holding is not closed yet
    if (!(await sql.tryLock(mine, shard))) return sql.evictStopped(mine, shard);
    try {
      const epoch = await sql.raiseEpoch(mine, shard, memberId);
      if (epoch === null) return await sql.unlock(mine, shard);
      holdings.set(shard, await options.hold(shard, epoch));
    } catch (error) {
      await sql.unlock(mine, shard);
      throw error;
    }
    if (session !== mine) await release(shard, 'lost');
  }

  const beats = startLoop({
    everyMs: beatMs,
    onError,
    async round() {
      if (session) await sql.beat(session, memberId);
      else session = await join();
      return 'idle';
    },
  });

  const assignments = startLoop({
    everyMs: assignMs,
    onError,
    async round() {
      const mine = session;
      if (!mine) return 'idle';
      const owners = assign(await sql.liveMembers(mine), shardCount);
      for (const shard of [...holdings.keys()].filter((held) => owners.get(held) !== memberId)) {
        await release(shard, 'handover');
        if (session === mine) await sql.unlock(mine, shard);
      }
      const wanted = [...owners].flatMap(([shard, owner]) =>
        owner === memberId && !holdings.has(shard) ? [shard] : [],
      );
      for (const shard of wanted) if (session === mine) await take(mine, shard);
      return 'idle';
    },
  });

  return {
    owned: () => [...holdings.keys()].sort((a, b) => a - b),
    abandon: () => session?.lose(),
    async close() {
      await assignments.close();
      await Promise.all([...holdings.keys()].map((shard) => release(shard, 'handover')));
      await Promise.all(letGo.values());
      await beats.close();
      // If this fails, the others find out by the missing beats.
      if (session) await sql.leave(session, memberId).catch(onError);
      await session?.close();
    },
  };
}
