import type { Db } from '@nightshift/db';
import { startLoop, stepIn, type Loop } from '@nightshift/lifecycle';
import { errorMessage, type Channel, type OnCall } from '@nightshift/types';
import type { Delivery } from './channels/channel.ts';
import type { Deliver } from './channels/index.ts';
import { builtInConsole, consoleOf, policyOf, rungAfter } from './on-call.ts';
import {
  claimPages,
  endPage,
  lockClimb,
  othersMayReach,
  owePage,
  postponePage,
  setRung,
  type Claimed,
} from './store.ts';

export type SenderParts = {
  db: Db;
  oncall: () => OnCall;
  deliver: Deliver;
  /** Longer than any attempt, so that a living sender has recorded before another takes its page. */
  leaseMs: number;
  /** Attempts before a page counts as failed. */
  maxAttempts: number;
  onError: (error: unknown) => void;
  /** Told of every attempt, for metrics. */
  observe?: (kind: string, outcome: 'sent' | 'failed' | 'retried' | 'cancelled') => void;
  /** A climb is due earlier than it was. */
  hurry?: () => void;
  everyMs?: number;
};

const atOnce = 32;
const firstBackOffMs = 1_000;
const longestBackOffMs = 30_000;
const closeMs = 3_000;

export type Sender = Loop;

/**
 * Sends what is owed. At least once: a page is recorded as sent only after it was handed over, so a crash between the two sends it
 * again, under the same dedup key. A slow receiver holds up nobody else's page.
 */
export function startSender(parts: SenderParts): Sender {
  const underWay = new Set<Promise<void>>();
  const stopping = new AbortController();
  const loop = startLoop({
    everyMs: parts.everyMs ?? 500,
    onError: parts.onError,
    async round() {
      const pages = underWay.size < atOnce ? await claimPages(parts.db, atOnce - underWay.size, parts.leaseMs) : [];
      for (const page of pages) {
        const work: Promise<void> = sendOne(parts, page, stopping.signal)
          .catch(parts.onError)
          .finally(() => {
            underWay.delete(work);
            if (underWay.size === atOnce - 1) loop.kick();
          });
        underWay.add(work);
      }
      return 'idle';
    },
  });
  return {
    kick: () => loop.kick(),
    async close() {
      await loop.close();
      const timer = setTimeout(() => stopping.abort(new Error('shutting down')), closeMs);
      await Promise.all(underWay);
      clearTimeout(timer);
    },
  };
}

async function sendOne(parts: SenderParts, page: Claimed, stopping: AbortSignal): Promise<void> {
  const { db, observe } = parts;
  const channel = channelOf(parts.oncall(), page.channel);
  const kind = channel?.kind ?? 'gone';
  const reason = notNeeded(page);
  if (reason) {
    if (await endPage(db, page.id, 'cancelled', reason)) observe?.(kind, 'cancelled');
    return;
  }
  const delivery = await attempt(parts, page, channel, stopping);
  if (delivery.ok) {
    await recordSent(db, page, delivery.detail);
    observe?.(kind, 'sent');
  } else if (stopping.aborted) {
    return; // its lease runs out, and it is sent again
  } else if (delivery.permanent || page.attempts >= parts.maxAttempts) {
    await recordFailed(parts, page, delivery.error);
    observe?.(kind, 'failed');
  } else {
    await postponePage(db, page, backOffMs(page.attempts), delivery.error);
    observe?.(kind, 'retried');
  }
}

async function attempt(
  parts: SenderParts,
  page: Claimed,
  channel: Channel | null,
  stopping: AbortSignal,
): Promise<Delivery> {
  if (!channel)
    return { ok: false, permanent: true, error: `there is no channel "${page.channel}" in the on-call file any more` };
  if (page.attempts > parts.maxAttempts)
    return { ok: false, permanent: true, error: `no attempt of ${parts.maxAttempts} was ever recorded` };
  return parts
    .deliver(channel, page, stopping)
    .catch((error: unknown) => ({ ok: false as const, error: errorMessage(error) }));
}

/** Why a page that is owed need not be sent any more. */
function notNeeded({ state, acknowledgedBy, recipient }: Claimed): string | null {
  if (state === 'resolved' || state === 'closed') return `the incident is ${state}`;
  return acknowledgedBy !== null && acknowledgedBy !== recipient ? `${acknowledgedBy} has it` : null;
}

function channelOf(oncall: OnCall, id: string): Channel | null {
  return (
    oncall.channels.find((channel) => channel.id === id) ?? (id === builtInConsole ? { id, kind: 'console' } : null)
  );
}

function recordSent(db: Db, page: Claimed, detail: string): Promise<void> {
  return db.tx(async (tx) => {
    if (!(await endPage(tx, page.id, 'sent', null))) return; // another copy was recorded: one event is enough
    const { channel, recipient, level, dedupKey } = page;
    await stepIn(
      tx,
      page.incidentId,
      { kind: 'paged', channel, recipient, level, dedupKey, detail },
      { actor: 'escalation' },
    );
  });
}

/** Gives a page up: says so, leaves it in the console at least, and tells the next level now if nobody of this one was reached. */
async function recordFailed(parts: SenderParts, page: Claimed, error: string): Promise<void> {
  const oncall = parts.oncall();
  const console = consoleOf(oncall);
  await parts.db.tx(async (tx) => {
    if (!(await endPage(tx, page.id, 'failed', error))) return;
    const { channel, recipient, level, incidentId, generation } = page;
    await stepIn(
      tx,
      incidentId,
      { kind: 'page_failed', channel, recipient, level, detail: error },
      { actor: 'escalation' },
    );
    if (channel !== console) await owePage(tx, page, { recipient, channel: console }, page.page);
    const climb = await lockClimb(tx, incidentId, generation);
    const next = climb && rungAfter(policyOf(oncall, climb.policy), page);
    const isNext = climb && next && climb.level === next.level && climb.round === next.round;
    if (isNext && !(await othersMayReach(tx, page, consolesOf(oncall))))
      await setRung(tx, climb, { ...next, afterMs: 0 });
  });
  parts.hurry?.();
}

/** Being in the inbox is not being woken. */
const consolesOf = (oncall: OnCall) => [
  builtInConsole,
  ...oncall.channels.filter(({ kind }) => kind === 'console').map(({ id }) => id),
];

/** Doubling, with half of it left to chance, so that many pages to one sick receiver do not come back together. */
function backOffMs(attempts: number): number {
  const whole = Math.min(firstBackOffMs * 2 ** (attempts - 1), longestBackOffMs);
  return Math.round(whole * (0.5 + Math.random() / 2));
}
