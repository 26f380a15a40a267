import { findIncident, mindBreaker, step, type StageHandler } from '@nightshift/lifecycle';
import { climb, type ClimbParts } from '../climb.ts';
import { policyOf } from '../on-call.ts';
import { beginClimb } from '../store.ts';

export type EscalateParts = ClimbParts & {
  /** The policy that the catalogue gives a service, if it gives one. */
  policyOfService: (service: string) => string | undefined;
  /** Every service of the catalogue. */
  services: () => string[];
  /** Pages are owed now. */
  pagesOwed: () => void;
};

/**
 * Begins the climb of the incident's policy and takes its first step. Repeated, it changes nothing. While the breaker is open the one page
 * for the whole stands for this incident too.
 */
export const escalate =
  (parts: EscalateParts): StageHandler =>
  async ({ incident, generation }) => {
    const standIn = await pagedForAll(parts, incident.id);
    if (standIn !== null) {
      const text = `not paged by itself: the page of ${standIn} stands for everything while the breaker is open`;
      const job = { stage: 'escalate' as const, generation };
      await step(parts.db, incident.id, { kind: 'note', by: 'breaker', text }, { actor: 'breaker', job });
      return 'done';
    }
    const policy = policyOf(parts.oncall(), parts.policyOfService(incident.service));
    await parts.db.tx((tx) => beginClimb(tx, incident.id, generation, policy.id));
    await climb(parts, { incidentId: incident.id, generation });
    parts.pagesOwed();
    return 'done';
  };

/** The open incident whose page stands for this one, or null. In doubt everybody is paged. */
async function pagedForAll({ db, services, onError }: EscalateParts, incidentId: string): Promise<string | null> {
  try {
    const breaker = await mindBreaker(db, services());
    if (!breaker.open || breaker.incidentId === null || breaker.incidentId === incidentId) return null;
    return (await findIncident(db, breaker.incidentId))?.state === 'escalated' ? breaker.incidentId : null;
  } catch (error) {
    onError(error);
    return null;
  }
}
