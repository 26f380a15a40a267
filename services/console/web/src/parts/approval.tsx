import { useState } from 'preact/hooks';
import type { Me, ShownApproval } from '../../../src/wire.ts';
import { post } from '../data/api.ts';
import { useAttempt } from '../data/attempt.ts';
import { useNow } from '../data/clock.ts';
import { countdown, plural } from '../text/format.ts';
import { PlanShown } from './plan.tsx';
import { Refused } from './refused.tsx';
import { Panel } from './small.tsx';

/** The proposed action: the whole plan, as its hash has it; and the decision, bound to this very plan. */
export function Approval({ approval, me, onChanged }: { approval: ShownApproval; me: Me; onChanged: () => void }) {
  const now = useNow();
  const [reason, setReason] = useState('');
  const { busy, refusal, attempt } = useAttempt();
  const decide = (verdict: 'approve' | 'reject') =>
    attempt(async () => {
      try {
        await post(`/api/approvals/${encodeURIComponent(approval.id)}/decide`, {
          verdict,
          planHash: approval.planHash,
          reason: reason.trim(),
        });
      } finally {
        onChanged();
      }
    });
  const agreed = approval.decisions.filter(({ verdict }) => verdict === 'approve');
  const decided = approval.decisions.some(({ approver }) => approver === me.name);
  const expired = approval.expiresAt <= now;
  return (
    <Panel
      title="Proposed action"
      id="approval"
      class="approval"
      aside={<span class="muted number">expires in {countdown(approval.expiresAt - now)}</span>}
    >
      <p class="proposal">{approval.summary}</p>
      <p class="muted">
        Asked for by {approval.requestedBy}. What you approve is this plan and no other
        {approval.required > 1 && `; ${agreed.length} of ${plural(approval.required, 'person', 'people')} agreed`}
        {agreed.length > 0 && ` (${agreed.map(({ approver }) => approver).join(', ')})`}
      </p>
      {approval.plan ? (
        <PlanShown plan={approval.plan} hash={approval.planHash} />
      ) : (
        <p class="spent">The plan on record is not the one that was asked for: it cannot be approved, only denied.</p>
      )}
      <label class="field">
        Reason (kept with the decision)
        <textarea rows={2} maxLength={1_000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
      <Refused refusal={refusal} />
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={busy || decided || expired || !approval.plan}
          onClick={() => void decide('approve')}
        >
          Approve and do it
        </button>
        <button type="button" disabled={busy || decided || expired} onClick={() => void decide('reject')}>
          Deny
        </button>
        {decided && <span class="muted">You have decided. It waits for others.</span>}
      </div>
    </Panel>
  );
}
