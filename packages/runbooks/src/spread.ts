import { actionLimits, type Catalogue } from '@nightshift/types';
import { blastRadius } from './blast-radius.ts';
import { usersInWords, type Refusal, type Use } from './limits.ts';

const { share, atLeast, windowMs } = actionLimits.blastRadius;

/**
 * Why an action may not be done without a person: together with what was done in the window, more of the catalogue's services would feel
 * it than may. Services that are touched count, and all that depend on them. Pure.
 */
export function tooWide(catalogue: Catalogue, action: Use, others: readonly Use[], at: number): Refusal | null {
  const felt = (uses: readonly Use[]) => {
    const radius = blastRadius(
      catalogue,
      uses.map(({ service }) => service),
    );
    return radius.touches.length + radius.felt.length;
  };
  const most = Math.max(atLeast, Math.floor(share * catalogue.services.length));
  const lately = others
    .filter(({ admittedAt }) => admittedAt > at - windowMs)
    .sort((a, b) => a.admittedAt - b.admittedAt);
  const reached = felt([...lately, action]);
  if (reached <= most) return null;
  // What this one reaches by itself never becomes free; else as soon as enough of the others have left the window.
  const enough = lately.findIndex((_, i) => felt([...lately.slice(i + 1), action]) <= most);
  const free = enough < 0 ? '' : `, free at ${new Date(lately[enough]!.admittedAt + windowMs).toISOString()}`;
  const by = lately.length === 0 ? 'by this alone' : `with what ${usersInWords(lately)} did`;
  return {
    reason: 'blastRadius',
    detail: `limit blastRadius: ${reached} of ${catalogue.services.length} services would feel it in ${windowMs / 60_000} min, ${by}; more than ${most} need a person's approval${free}`,
  };
}
