/** What the uses of a runbook prove. Pure. */
import { modeLimits, type RunbookMode } from '@nightshift/types';

export type Evidence = { succeeded: number; failed: number; failedInARow: number; observed: number };

/** 97.5% quantile of the standard normal distribution: 95% between the two bounds. */
const z = 1.959964;

/**
 * Wilson's score interval of a success rate at 95%: honest for few uses and for rates near 0 and 1, where the normal approximation is not
 * (E. B. Wilson, JASA 22, 1927). Without any use it is 0 to 1.
 */
export function successInterval({ succeeded, failed }: Pick<Evidence, 'succeeded' | 'failed'>): {
  low: number;
  high: number;
} {
  const n = succeeded + failed;
  if (n === 0) return { low: 0, high: 1 };
  const rate = succeeded / n;
  const middle = rate + z ** 2 / (2 * n);
  const width = z * Math.sqrt((rate * (1 - rate)) / n + z ** 2 / (4 * n ** 2));
  const by = 1 + z ** 2 / n;
  return { low: Math.max(0, (middle - width) / by), high: Math.min(1, (middle + width) / by) };
}

/** What the evidence speaks for, or null. A person decides. */
export function promotionProposed(mode: RunbookMode, evidence: Evidence): RunbookMode | null {
  if (mode === 'observe') return evidence.observed >= modeLimits.observedBeforeApprove ? 'approve' : null;
  if (mode === 'approve')
    return successInterval(evidence).low >= modeLimits.successAtLeast && evidence.failedInARow === 0 ? 'auto' : null;
  return null;
}

/** What follows by itself from failures, or null. */
export function demotionDue(mode: RunbookMode, { failedInARow }: Evidence): RunbookMode | null {
  if (mode === 'observe' || failedInARow < modeLimits.demoteAfterFailures) return null;
  return mode === 'auto' ? 'approve' : 'observe';
}

/** The uses of a runbook in words. */
export function evidenceInWords(evidence: Evidence): string {
  const { low, high } = successInterval(evidence);
  const percent = (part: number) => `${Math.round(part * 100)}%`;
  const { succeeded, failed, observed } = evidence;
  const used = `${succeeded} of ${succeeded + failed} succeeded`;
  return `${used} (95% interval of the rate: ${percent(low)} to ${percent(high)}), ${observed} times only observed`;
}
