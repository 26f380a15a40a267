import type { Decision, Explanation } from '../../../src/wire.ts';
import { useResource } from '../data/resource.ts';
import { Panel, Time } from './small.tsx';

const verdicts: Record<Decision['verdict'], string> = {
  acted: 'acted',
  asked: 'asked a person',
  observed: 'only observed',
  denied: 'could not be done',
  none: 'no runbook',
};

/** Why it was decided so: the conditions of the runbook that was taken, and of every other one what failed. */
export function Decisions({ incidentId }: { incidentId: string }) {
  const { data } = useResource<Explanation>(
    `/api/incidents/${encodeURIComponent(incidentId)}/explanation`,
    (live) => live.event !== 'incident' || live.id === incidentId,
  );
  if (!data || data.decisions.length === 0) return null;
  return (
    <Panel title="Why it was decided so" id="decisions">
      {data.decisions.map((decision) => (
        <DecisionShown key={decision.at} decision={decision} />
      ))}
    </Panel>
  );
}

function DecisionShown({
  decision: { at, verdict, runbook, reason, conditions, considered, plan },
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
      {plan && (
        <ol>
          {plan.actions.map(({ step, summary, undo }) => (
            <li key={step}>
              {summary} <span class="muted">(undo: {undo})</span>
            </li>
          ))}
        </ol>
      )}
      {conditions.length > 0 && (
        <>
          <p class="muted">It fits:</p>
          <ul>
            {conditions.map(({ condition, actual }) => (
              <li key={condition}>
                {condition} <span class="muted">({actual})</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {considered.length > 0 && (
        <>
          <p class="muted">Not taken:</p>
          <ul>
            {considered.map(({ runbook: other, reason: why }) => (
              <li key={`${other} ${why}`}>
                {other}: <span class="muted">{why}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </details>
  );
}
