import type { CheckedCondition } from '@nightshift/types';
import type { Decision, Explanation } from '../../../src/wire.ts';
import { useResource } from '../data/resource.ts';
import { plain } from '../text/words.ts';
import { PlanShown } from './plan.tsx';
import { Panel, Time } from './small.tsx';

const verdicts: Record<Decision['verdict'], string> = {
  acted: 'acted',
  asked: 'asked a person',
  observed: 'only observed',
  denied: 'could not be done',
  none: 'no runbook',
};

/** Why it was decided so: what it was taken for and by which rule; the conditions of the runbook that was taken, and of every other one what failed. */
export function Decisions({ incidentId }: { incidentId: string }) {
  const { data } = useResource<Explanation>(
    `/api/incidents/${encodeURIComponent(incidentId)}/explanation`,
    (live) => live.event !== 'incident' || live.id === incidentId,
  );
  if (!data || data.classification.length + data.decisions.length === 0) return null;
  return (
    <Panel title="Why it was decided so" id="decisions">
      {data.classification.map(({ at, type, rule, conditions }) => (
        <details key={at} class="check">
          <summary>
            <Time at={at} />
            <span class="check-name">taken for {plain(type)}</span>
            <span class="muted">{rule === null ? 'no rule fits' : `rule ${rule}`}</span>
          </summary>
          <Conditions conditions={conditions} />
        </details>
      ))}
      {data.decisions.map((decision) => (
        <DecisionShown key={decision.at} decision={decision} />
      ))}
    </Panel>
  );
}

function DecisionShown({
  decision: { at, verdict, runbook, reason, conditions, considered, plan, planHash },
}: {
  decision: Decision;
}) {
  return (
    <details class="check">
      <summary>
        <Time at={at} />
        <span class="check-name">{runbook ?? reason}</span>
        <span class="muted">{verdicts[verdict]}</span>
      </summary>
      {plan && planHash && <PlanShown plan={plan} hash={planHash} />}
      {conditions.length > 0 && (
        <>
          <p class="muted">It fits:</p>
          <Conditions conditions={conditions} />
        </>
      )}
      {considered.length > 0 && (
        <>
          <p class="muted">Not taken:</p>
          <ul>
            {considered.map(({ runbook: other, reason: why, conditions: its = [] }) => (
              <li key={`${other} ${why}`}>
                {other}: <span class="muted">{why}</span>
                {its.some(({ holds }) => holds) && <Conditions conditions={its} />}
              </li>
            ))}
          </ul>
        </>
      )}
    </details>
  );
}

/** Conditions one by one, those that failed marked, with what was found. */
const Conditions = ({ conditions }: { conditions: CheckedCondition[] }) => (
  <ul class="conditions">
    {conditions.map(({ condition, actual, holds }) => (
      <li key={condition} class={holds ? '' : 'spent'}>
        {holds ? 'yes' : 'no'}: {condition} <span class="muted">({actual})</span>
      </li>
    ))}
  </ul>
);
