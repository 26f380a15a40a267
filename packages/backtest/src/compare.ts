import { stateDeadlinesMs } from '@nightshift/types';
import type { ReplayedIncident } from './incidents.ts';

/** What becomes of incidents under other settings. Of those that are in both, as they are under the new ones. */
export type Comparison = { kept: ReplayedIncident[]; gained: ReplayedIncident[]; lost: ReplayedIncident[] };

/** Two are the same when they are of one service and overlap in time, give or take the time for reopening. */
const slackMs = stateDeadlinesMs.resolved;

/** Which incidents the new settings keep, gain and lose against the present ones. */
export function compareIncidents(present: ReplayedIncident[], changed: ReplayedIncident[]): Comparison {
  const twin = (of: ReplayedIncident, among: ReplayedIncident[]) =>
    among.some(
      (other) =>
        other.service === of.service && other.onsetAt <= of.lastAt + slackMs && of.onsetAt <= other.lastAt + slackMs,
    );
  return {
    kept: changed.filter((incident) => twin(incident, present)),
    gained: changed.filter((incident) => !twin(incident, present)),
    lost: present.filter((incident) => !twin(incident, changed)),
  };
}
