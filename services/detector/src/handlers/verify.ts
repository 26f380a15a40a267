import { now, type Db } from '@nightshift/db';
import { judgeRecovery } from '@nightshift/detection';
import { calmForMs, step, type StageHandler } from '@nightshift/lifecycle';
import type { DetectionConfig, Verification } from '@nightshift/types';
import { evidence } from '../evidence.ts';
import { harmedNeighbour } from '../neighbours.ts';

/** The stricter of what detection.yaml asks for and what the plan that was carried out does. */
async function recoveryRule(db: Db, incidentId: string, { recovery }: DetectionConfig) {
  const [plan] = await db.query<{ verify: Verification | null }>(
    `SELECT content->'verify' AS verify FROM plan WHERE incident_id = $1 ORDER BY made_at DESC LIMIT 1`,
    [incidentId],
  );
  return {
    holdMs: Math.max(recovery.holdSeconds, plan?.verify?.holdSeconds ?? 0) * 1_000,
    minSamples: Math.max(recovery.minSamples, plan?.verify?.minSamples ?? 0),
  };
}

const actor = 'detector';
/** How soon to look again: an incident that waits for our proof, and one that a person has been paged for. */
const againMs = { verifying: 1_000, escalated: 5_000 };
/** Time is up this long before the state's deadline, after which the sweeper would page without trying again. */
const marginMs = 10_000;

/**
 * Watches an incident for recovery: from samples taken after the last action, against the bands from before, as they stand in
 * Postgres. No timer is held meanwhile: asked again, it looks again.
 */
export const verify =
  (parts: { db: Db; config: () => DetectionConfig }): StageHandler =>
  async ({ incident, generation }) => {
    const { db } = parts;
    const config = parts.config();
    const since = incident.actedAt ?? incident.openedAt;
    const at = await now(db);
    const rule = await recoveryRule(db, incident.id, config);
    const result = judgeRecovery({
      series: await evidence(db, incident.id, since, config),
      since,
      now: at,
      ...rule,
      holdMs: calmForMs(incident, rule.holdMs),
    });
    const options = { actor, job: { stage: 'verify' as const, generation } };
    const { freshSamples } = result;
    const harmed = incident.actedAt === null ? null : await harmedNeighbour(db, incident.id, incident.actedAt);
    const detail = harmed ?? result.detail;
    if (result.verdict === 'recovered' && harmed === null) {
      await step(db, incident.id, { kind: 'recovered', detail, freshSamples, since }, options);
      return 'done';
    }
    if (incident.state !== 'verifying') return { againMs: againMs.escalated };
    // A plan that asks for a longer calm gets the time for it.
    const withinMs = Math.max((config.recovery.withinSeconds ?? Infinity) * 1_000, 2 * rule.holdMs);
    const overdue = incident.deadlineAt !== null && at >= incident.deadlineAt - marginMs;
    if (overdue || at >= since + withinMs) {
      await step(db, incident.id, { kind: 'not_recovered', detail }, options);
      return 'done';
    }
    return { againMs: againMs.verifying };
  };
