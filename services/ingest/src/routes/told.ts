import { NightshiftError } from '@nightshift/types';
import type { Alert, AlertRefusal } from '../alerts/alert.ts';
import { settleAlert, settleEnd, type Teller } from '../alerts/settle.ts';
import type { Change, Ignored } from '../changes/change.ts';
import { reached } from '../store.ts';
import type { AlertParts } from './alerts.ts';
import { recordChange, type ChangeParts } from './changes.ts';

export type ToldParts = AlertParts & ChangeParts;

/** What another system tells: an alert (or why it means nothing), the end of one, a change, or nothing for us. */
export type Told = { alert: Alert | AlertRefusal } | { ended: string; at: number } | Change | Ignored;

/** Writes down what was told; what became of it, in one word. */
export async function settleTold(told: Told, sender: string, parts: ToldParts): Promise<string> {
  if (!('alert' in told || 'ended' in told)) {
    const answer = await recordChange(parts, told);
    return 'ignored' in answer ? `ignored_${answer.ignored}` : answer.outcome;
  }
  const outcome = await settled(told, sender, parts);
  parts.metrics.alert(outcome);
  return outcome;
}

async function settled(
  told: Extract<Told, { alert: unknown } | { ended: unknown }>,
  sender: string,
  { db, classification }: ToldParts,
): Promise<string> {
  const by: Teller = { sender, classification: classification() };
  if ('ended' in told) return reached(db.tx((tx) => settleEnd(tx, told.ended, told.at, by)));
  const { alert } = told;
  return typeof alert === 'string' ? alert : reached(db.tx((tx) => settleAlert(tx, alert, by)));
}

type ToldAnswer = Record<string, unknown>;
const listed = 100;

/**
 * Settles items one by one; returns how many came to what, and those that were refused. Throws BODY_INVALID if nothing else came: a sender whose every item is
 * wrong must not take the answer for success.
 */
export async function settleEach(
  items: unknown[],
  settle: (item: unknown) => Promise<string>,
  { kick, metrics }: Pick<ToldParts, 'kick' | 'metrics'>,
): Promise<ToldAnswer> {
  const counts: Record<string, number> = {};
  const rejected: { index: number; message: string }[] = [];
  for (const [index, item] of items.entries()) {
    try {
      const outcome = await settle(item);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    } catch (error) {
      if (!(error instanceof NightshiftError) || error.code !== 'BODY_INVALID') throw error;
      metrics.alert('invalid');
      rejected.push({ index, message: error.message });
    }
  }
  if (counts['opened'] || counts['resolved']) kick();
  const [first] = rejected;
  if (!first) return counts;
  const refused = { rejected: rejected.slice(0, listed), rejectedTotal: rejected.length };
  if (Object.keys(counts).length > 0) return { ...counts, ...refused };
  throw new NightshiftError('BODY_INVALID', `item ${first.index}: ${first.message}`, { details: refused });
}
