import { findIncident, type StageHandler } from '@nightshift/lifecycle';
import { choose } from '../choose.ts';
import { execute } from '../execute.ts';
import type { Executor } from '../executor.ts';

/** The stage `remediate`: while deciding, choose a runbook and make its plan; while remediating, carry it out. */
export function remediate(executor: Executor): StageHandler {
  return async (context) => {
    if (context.incident.state === 'deciding') {
      const chosen = await choose(executor, context);
      if (chosen !== 'act') return chosen;
    }
    const incident = await findIncident(executor.db, context.incident.id);
    return incident?.state === 'remediating' ? execute(executor, { ...context, incident }) : 'done';
  };
}
