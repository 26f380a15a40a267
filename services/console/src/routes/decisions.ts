import type { Db } from '@nightshift/db';
import { decideApproval, readKillSwitch, setKillSwitch } from '@nightshift/lifecycle';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { personOf } from '../access/guard.ts';
import { parse } from '../parse.ts';
import type { KillSwitchState } from '../wire.ts';

const ApprovalId = z.object({ id: z.string().min(1).max(64) });
const Decision = z.strictObject({
  verdict: z.enum(['approve', 'reject']),
  /** Of the plan that the person has read: approving binds exactly that one. */
  planHash: z.string().min(1).max(128),
  reason: z.string().trim().max(1_000).default(''),
});
const Switch = z.strictObject({ on: z.boolean(), reason: z.string().trim().min(1, 'say why').max(1_000) });

/** What only a person decides: whether a plan is carried out, and whether anything is done at all. */
export function decisionRoutes(api: FastifyInstance, { db, kick }: { db: Db; kick: () => void }): void {
  api.post('/approvals/:id/decide', async (request) => {
    const { id } = parse(ApprovalId, request.params);
    const decision = parse(Decision, request.body);
    const result = await decideApproval(db, { approvalId: id, by: personOf(request), ...decision });
    kick();
    return result;
  });

  api.post('/kill-switch', async (request): Promise<KillSwitchState> => {
    const { on, reason } = parse(Switch, request.body);
    await setKillSwitch(db, on, personOf(request), reason);
    return readKillSwitch(db);
  });
}
