import type { StageHandler } from '@nightshift/lifecycle';
import { climb, type ClimbParts } from '../climb.ts';
import { policyOf } from '../on-call.ts';
import { beginClimb } from '../store.ts';

export type EscalateParts = ClimbParts & {
  /** The policy that the catalogue gives a service, if it gives one. */
  policyOfService: (service: string) => string | undefined;
  /** Pages are owed now. */
  pagesOwed: () => void;
};

/** Begins the climb of the incident's policy and takes its first step. Repeated, it changes nothing. */
export const escalate =
  (parts: EscalateParts): StageHandler =>
  async ({ incident, generation }) => {
    const policy = policyOf(parts.oncall(), parts.policyOfService(incident.service));
    await parts.db.tx((tx) => beginClimb(tx, incident.id, generation, policy.id));
    await climb(parts, { incidentId: incident.id, generation });
    parts.pagesOwed();
    return 'done';
  };
