import type { Similar as SimilarIncident } from '../../../src/wire.ts';
import { span } from '../text/format.ts';
import { resolutionWords } from '../text/words.ts';
import { Link, Panel, Time } from './small.tsx';

/** Earlier incidents of this kind, and what ended them. */
export const Similar = ({ incidents }: { incidents: SimilarIncident[] }) =>
  incidents.length === 0 ? null : (
    <Panel title="It happened before" id="similar">
      <ul class="plain">
        {incidents.map((incident) => (
          <li key={incident.id}>
            <Link href={`/incidents/${encodeURIComponent(incident.id)}`}>{incident.title}</Link>
            <br />
            <span class="muted">
              <Time at={incident.openedAt} />
              {incident.resolution && `, ${resolutionWords[incident.resolution]}`}
              {incident.runbook !== null && ` with ${incident.runbook}`}
              {incident.resolvedAt !== null && ` after ${span(incident.resolvedAt - incident.onsetAt)}`}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
