import {
  callInWords,
  changeOf,
  dependsInWords,
  exceeds,
  limitInWords,
  pairsInWords,
  verifyInWords,
  waitInWords,
} from '@nightshift/runbooks/plan-words';
import type { BlastRadius, LimitUse, Plan, PlannedAction } from '@nightshift/types';
import type { ComponentChildren } from 'preact';
import { plural, span } from '../text/format.ts';

/** A whole plan as it is hashed, signed and carried out: nothing of it is asked for anew. */
export function PlanShown({ plan, hash }: { plan: Plan; hash: string }) {
  const { actions, limits = [], omitted = [], verify, blastRadius, runbook, runbookHash } = plan;
  return (
    <>
      <ol class="plan">
        {actions.map((action) => (
          <Step key={action.step} action={action} limits={limits.filter(({ step }) => step === action.step)} />
        ))}
      </ol>
      <dl class="facts">
        {omitted.length > 0 && (
          <Row name="Left out">
            <ul>
              {omitted.map(({ step, reason }) => (
                <li key={step}>
                  step {step}: {reason}
                </li>
              ))}
            </ul>
          </Row>
        )}
        <Row name="Recovered">
          only after{' '}
          {verify
            ? `${verifyInWords(verify)}, and never less than detection.yaml asks for`
            : 'what detection.yaml asks for'}
        </Row>
        {blastRadius && <Radius radius={blastRadius} />}
        <Row name="Plan">
          <code title={hash}>{hash.slice(0, 12)}</code> by runbook {runbook} (version {runbookHash})
        </Row>
      </dl>
    </>
  );
}

const Row = ({ name, children }: { name: string; children: ComponentChildren }) => (
  <>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </>
);

/** Who would feel it if it went wrong. */
function Radius({ radius: { touches, felt } }: { radius: BlastRadius }) {
  const dependents = felt.map(({ service, through, criticality }) => `${service} (${criticality}, through ${through})`);
  return (
    <>
      <Row name="Touches">{touches.join(', ')}</Row>
      <Row name="Felt by">{dependents.join(', ') || 'nobody else in the catalogue'}</Row>
    </>
  );
}

function Step({ action, limits }: { action: PlannedAction; limits: LimitUse[] }) {
  const { summary, precondition, timeoutMs, maxRetries, undo, waitUntil } = action;
  const [depends, change] = [dependsInWords(action), changeOf(action)];
  return (
    <li>
      <p>
        <strong>{summary}</strong>
      </p>
      <dl class="facts">
        {depends && <Row name="When">only {depends}</Row>}
        {waitUntil && <Row name="Waits">{waitInWords(waitUntil)}</Row>}
        {change && (
          <Row name="Change">
            {change.what} <del>{change.from}</del> → <ins>{change.to}</ins>
          </Row>
        )}
        <Row name="Call">
          <code>{callInWords(action)}</code>, at most {span(timeoutMs)}, {plural(maxRetries, 'retry', 'retries')};{' '}
          {classWords[action.class]}
        </Row>
        {pairsInWords(precondition) && (
          <Row name="Only if">
            <code>{pairsInWords(precondition)}</code>
          </Row>
        )}
        {limits.length > 0 && (
          <Row name="Limits">
            <ul class="limits">
              {limits.map((limit) => (
                <li key={limit.limit} class={exceeds(limit) ? 'spent' : ''}>
                  {limitInWords(limit)}
                </li>
              ))}
            </ul>
          </Row>
        )}
        <Row name="Undo">{undo}</Row>
      </dl>
    </li>
  );
}

const classWords: Record<PlannedAction['class'], string> = {
  idempotent: 'safe to send again',
  probe: 'asked first whether it was done, before it is sent again',
  once: 'never sent twice',
};
