import type { IncidentRow } from '../../../src/wire.ts';
import { useNow } from '../data/clock.ts';
import { countdown, span } from '../text/format.ts';
import { resolutionWords, stateWords } from '../text/words.ts';
import { Chip, Elapsed, Link, Panel, Time } from './small.tsx';

/** One open incident: what, where, for how long, who has it, and how long it may stay as it is. */
export function IncidentCard({ incident }: { incident: IncidentRow }) {
  const { text, tone } = stateWords[incident.state];
  return (
    <Link href={`/incidents/${encodeURIComponent(incident.id)}`} class={`card ${incident.severity}`}>
      <span class="card-main">
        <span class="card-title">{incident.title}</span>
        <span class="card-facts">
          <b class={`severity ${incident.severity}`}>{incident.severity}</b>
          <span>{incident.service}</span>
          <span>
            for <Elapsed from={incident.onsetAt} to={null} />
          </span>
          {incident.acknowledgedBy !== null && <span>{incident.acknowledgedBy} has it</span>}
          {incident.runbook !== null && <span>runbook {incident.runbook}</span>}
        </span>
      </span>
      <span class="card-state">
        <Chip tone={incident.acknowledgedBy !== null && incident.state === 'escalated' ? 'calm' : tone}>{text}</Chip>
        <Left incident={incident} />
      </span>
    </Link>
  );
}

function Left({ incident: { state, deadlineAt, acknowledgedBy } }: { incident: IncidentRow }) {
  const now = useNow();
  if (deadlineAt === null || acknowledgedBy !== null || state === 'escalated') return null;
  return <span class="number muted">{countdown(deadlineAt - now)} until a person is paged</span>;
}

/** What is over: what ended it and how long it took. */
export function EndedTable({ incidents, onMore }: { incidents: IncidentRow[]; onMore: (() => void) | null }) {
  return (
    <Panel title="Ended" id="ended">
      <div class="scroll">
        <table class="ended">
          <thead>
            <tr>
              <th scope="col">Incident</th>
              <th scope="col">Service</th>
              <th scope="col">Began</th>
              <th scope="col">Took</th>
              <th scope="col">Outcome</th>
            </tr>
          </thead>
          <tbody>
            {incidents.map((incident) => (
              <tr key={incident.id}>
                <td>
                  <Link href={`/incidents/${encodeURIComponent(incident.id)}`}>{incident.title}</Link>
                </td>
                <td>{incident.service}</td>
                <td>
                  <Time at={incident.onsetAt} />
                </td>
                <td class="number">
                  {incident.resolvedAt === null ? '–' : span(incident.resolvedAt - incident.onsetAt)}
                </td>
                <td>{incident.resolution ? resolutionWords[incident.resolution] : stateWords[incident.state].text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {onMore && (
        <button type="button" class="quiet" onClick={onMore}>
          Show older
        </button>
      )}
    </Panel>
  );
}
