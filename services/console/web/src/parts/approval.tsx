import type { BlastRadius } from '@nightshift/types';
import { useState } from 'preact/hooks';
import type { Me, PlannedStep, ShownApproval } from '../../../src/wire.ts';
import { post } from '../data/api.ts';
import { useAttempt } from '../data/attempt.ts';
import { useNow } from '../data/clock.ts';
import { countdown, plural, span } from '../text/format.ts';
import { Refused } from './refused.tsx';
import { Panel } from './small.tsx';

/** The proposed action: exactly what would be done, what limits it uses, how to undo it; and the decision, bound to this very plan. */
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
        Runbook {approval.runbook}, asked for by {approval.requestedBy}. Plan{' '}
        <code title={approval.planHash}>{approval.planHash.slice(0, 12)}</code>
        {approval.required > 1 && `; ${agreed.length} of ${plural(approval.required, 'person', 'people')} agreed`}
        {agreed.length > 0 && ` (${agreed.map(({ approver }) => approver).join(', ')})`}
      </p>
      <ol class="plan">
        {approval.plan.map((step) => (
          <Step key={step.step} step={step} />
        ))}
      </ol>
      {approval.blastRadius && <Radius radius={approval.blastRadius} />}
      <label class="field">
        Reason (kept with the decision)
        <textarea rows={2} maxLength={1_000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
      <Refused refusal={refusal} />
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={busy || decided || expired}
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

/** Who would feel it if it went wrong. */
function Radius({ radius: { touches, felt } }: { radius: BlastRadius }) {
  const dependents = felt.map(({ service, through }) => `${service} (through ${through})`).join(', ');
  return (
    <p class="muted">
      It acts on {touches.join(', ')}.{' '}
      {dependents ? `What depends on that would feel it: ${dependents}.` : 'Nothing in the catalogue depends on that.'}
    </p>
  );
}

function Step({ step }: { step: PlannedStep }) {
  return (
    <li>
      <p>
        <strong>{step.summary}</strong>
      </p>
      <dl class="facts">
        <dt>Call</dt>
        <dd>
          <code>
            {step.provider}.{step.type}({step.target}
            {pairs(step.params) && `, ${pairs(step.params)}`})
          </code>
        </dd>
        {pairs(step.precondition) && (
          <>
            <dt>Only if</dt>
            <dd>
              <code>{pairs(step.precondition)}</code>
            </dd>
          </>
        )}
        <dt>Touches</dt>
        <dd>
          {step.target} alone; at most {span(step.timeoutMs)}, {plural(step.maxRetries, 'retry', 'retries')};{' '}
          {classWords[step.class]}
        </dd>
        {step.undo && (
          <>
            <dt>Undo</dt>
            <dd>{step.undo}</dd>
          </>
        )}
        <dt>Limits</dt>
        <dd>
          <ul class="limits">
            {step.limits.map(({ limit, used, max, windowMs }) => (
              <li key={limit} class={used >= max ? 'spent' : ''}>
                {limit}: <b class="number">{used}</b> of {max} used{windowMs === null ? '' : ` in ${span(windowMs)}`}
              </li>
            ))}
          </ul>
        </dd>
      </dl>
    </li>
  );
}

const classWords: Record<PlannedStep['class'], string> = {
  idempotent: 'safe to send again',
  probe: 'asked first whether it was done, before it is sent again',
  once: 'never sent twice',
};

const pairs = (values: Record<string, unknown>) =>
  Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(', ');
