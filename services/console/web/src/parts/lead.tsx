import type { IncidentDetail } from '../../../src/wire.ts';
import { useNow } from '../data/clock.ts';
import { countdown } from '../text/format.ts';
import { isOver, resolutionWords, stateWords } from '../text/words.ts';
import { PersonButtons } from './person-buttons.tsx';
import { Chip, Elapsed, Link, Time } from './small.tsx';

/** What is wrong, how badly, for how long, who has it, and what happens next by itself. */
export function Lead({ detail, onChanged }: { detail: IncidentDetail; onChanged: () => void }) {
  const { incident, cause } = detail;
  const { text, tone } = stateWords[incident.state];
  return (
    <header class={`lead ${incident.severity}`}>
      <p class="crumbs">
        <Link href="/">Incidents</Link> <span aria-hidden="true">/</span> <span class="number">{incident.id}</span>
      </p>
      <h1>{cause}</h1>
      <p class="lead-facts">
        <b class={`severity ${incident.severity}`}>{incident.severity}</b>
        <Chip tone={tone}>{text}</Chip>
        <span>{incident.service}</span>
        <span>
          began <Time at={incident.onsetAt} />, {isOver(incident) ? 'took' : 'for'}{' '}
          <Elapsed from={incident.onsetAt} to={incident.resolvedAt} />
        </span>
        {incident.resolution && <span>{resolutionWords[incident.resolution]}</span>}
        {incident.acknowledgedBy !== null && <span>{incident.acknowledgedBy} has it</span>}
        {incident.runbook !== null && <span>runbook {incident.runbook}</span>}
        {incident.reopens > 0 && <span>came back {incident.reopens === 1 ? 'once' : `${incident.reopens} times`}</span>}
      </p>
      <Next next={detail.next} over={isOver(incident)} />
      <PersonButtons incident={incident} onChanged={onChanged} />
    </header>
  );
}

function Next({ next, over }: { next: IncidentDetail['next']; over: boolean }) {
  const now = useNow();
  const leftMs = next.at === null ? null : next.at - now;
  return (
    <p class="next">
      <span>{next.present}</span>
      {next.then !== null && leftMs !== null && (
        <span class="next-then">
          {leftMs > 0 ? (
            <>
              {over ? 'In' : 'Otherwise, in'} <b class="number">{countdown(leftMs)}</b>, {next.then}.
            </>
          ) : (
            <>Now {next.then}.</>
          )}
        </span>
      )}
    </p>
  );
}
