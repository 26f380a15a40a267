import type { Db } from '@nightshift/db';
import { findIncident, overridesWithin } from '@nightshift/lifecycle';
import { bySchedule } from '@nightshift/oncall';
import { signLink } from '@nightshift/runtime';
import type { Incident, OnCall, Page } from '@nightshift/types';
import { gather } from './material.ts';
import { policyOf, reach, recipientsOf, rungAfter, type Recipient } from './on-call.ts';
import { writePage, type Material } from './page.ts';
import { lockDueClimb, owePage, setRung, type Climb } from './store.ts';

export type ClimbParts = {
  db: Db;
  oncall: () => OnCall;
  consoleUrl: string;
  secret: string;
  linkMs: number;
  onError: (error: unknown) => void;
};

/**
 * Takes one due step up the ladder: writes the pages of the rung and when the next one is due, in one transaction. Nothing is sent
 * here. An incident that is over, or that somebody has taken, ends the climb.
 */
export async function climb(
  parts: ClimbParts,
  { incidentId, generation }: Pick<Climb, 'incidentId' | 'generation'>,
): Promise<void> {
  const known = await findIncident(parts.db, incidentId);
  if (!known) return;
  // Read before the transaction: a fault in reading must not keep the page from being owed.
  const material = await gather(parts.db, known, parts.onError);
  await parts.db.tx(async (tx) => {
    const due = await lockDueClimb(tx, incidentId, generation);
    const incident = due && (await findIncident(tx, incidentId));
    if (!due || !incident) return;
    const oncall = parts.oncall();
    const overrides = bySchedule(await overridesWithin(tx, material.at, material.at + 1));
    const policy = policyOf(oncall, due.policy);
    // The policy may have become shorter since.
    const rung = { level: Math.min(due.level, policy.levels.length - 1), round: due.round };
    const recipients = recipientsFor(incident, due, () =>
      recipientsOf({ oncall, overrides, at: material.at }, policy, rung.level),
    );
    for (const to of recipients) await owePage(tx, { ...due, ...rung }, to, pageFor(parts, material, to));
    const next = isOpen(incident) && incident.acknowledgedBy === null ? rungAfter(policy, rung) : null;
    await setRung(
      tx,
      { ...due, ...rung },
      next && { ...next, afterMs: policy.levels[rung.level]!.nextAfterSeconds * 1_000 },
    );
  });

  function recipientsFor(incident: Incident, due: Climb, ladder: () => Recipient[]): Recipient[] {
    if (!isOpen(incident)) return [];
    if (incident.acknowledgedBy === null) return ladder();
    // Somebody took it while automation was still at it: they, and only they, hear that it is theirs now.
    return due.level === 0 && due.round === 0 ? reach(parts.oncall(), incident.acknowledgedBy) : [];
  }
}

const isOpen = (incident: Incident) => incident.state === 'escalated';

/** The page for one recipient: the acknowledge link is in their name. Should the writing fail, a thin page goes out. */
function pageFor(parts: ClimbParts, material: Material, { recipient }: Recipient): Page {
  const incidentId = material.incident.id;
  const base = parts.consoleUrl.replace(/\/+$/, '');
  const token = signLink(parts.secret, {
    incidentId,
    purpose: 'ack',
    expiresAt: material.at + parts.linkMs,
    by: recipient,
  });
  const links = {
    incidentUrl: `${base}/incidents/${encodeURIComponent(incidentId)}`,
    acknowledgeUrl: `${base}/ack?token=${token}`,
  };
  try {
    return writePage(material, links);
  } catch (error) {
    parts.onError(error);
    return writePage({ ...material, anomalies: [], diagnostics: [], actions: [], timeline: [] }, links);
  }
}
