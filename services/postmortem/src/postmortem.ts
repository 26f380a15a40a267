import { Postmortem } from '@nightshift/types';
import { suspectChangeOf, triedOf, type History } from './history.ts';
import { improvementsOf } from './improve.ts';
import { phasesOf } from './phases.ts';
import { render } from './render.ts';

/** The postmortem of an incident from what was recorded while it happened. Pure: the same history gives the same postmortem. */
export function writePostmortem(history: History): Postmortem {
  const facts = {
    incidentId: history.incident.id,
    resolution: history.incident.resolution,
    phases: phasesOf(history),
    suspectChange: suspectChangeOf(history),
    tried: triedOf(history).map(({ action, target, outcome }) => ({ action, target, outcome })),
    improvements: improvementsOf(history),
  };
  // Parsed, so that a number JSON cannot carry is an error here and not a null in the database.
  return Postmortem.parse({ ...facts, markdown: render(history, facts) });
}
