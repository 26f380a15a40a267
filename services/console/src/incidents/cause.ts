import type { Deployment, DiagnosticResult, Incident } from '@nightshift/types';
import { signalName } from '@nightshift/types/signal-name';
import type { ShownAnomaly } from '../wire.ts';

/** A deployment this long before the onset is worth naming. */
const suspectMs = 60 * 60 * 1_000;

export type Evidence = {
  incident: Incident;
  anomalies: ShownAnomaly[];
  diagnostics: Pick<DiagnosticResult, 'check' | 'target' | 'status' | 'facts'>[];
  deployments: Deployment[];
};

/** One sentence for a person just woken: what went wrong, and the change of state that may have caused it. Pure. */
export function causeOf({ incident, anomalies, diagnostics, deployments }: Evidence): string {
  return `${symptomOf(incident, anomalies)}${changeOf(incident, diagnostics, deployments)}.`;
}

function symptomOf(incident: Incident, anomalies: ShownAnomaly[]): string {
  const [worst, ...others] = [...anomalies].sort(bySeverity);
  if (!worst) return incident.title;
  const more = others.length === 0 ? '' : ` (and ${others.length} more ${others.length === 1 ? 'signal' : 'signals'})`;
  const direction = worst.direction === 'up' ? 'rose' : 'fell';
  return `${signalName(worst.metric)} of ${incident.service} ${direction} to ${figure(worst.value)}, where ${range(worst)} is normal${more}`;
}

/** The root is a change of state: a deployment first, then something that is down. */
function changeOf(incident: Incident, diagnostics: Evidence['diagnostics'], deployments: Deployment[]): string {
  const suspect = deployments
    .filter(({ deployedAt }) => deployedAt <= incident.onsetAt + 30_000 && deployedAt >= incident.onsetAt - suspectMs)
    .sort((a, b) => b.deployedAt - a.deployedAt)[0];
  if (suspect) {
    const beforeMs = incident.onsetAt - suspect.deployedAt;
    const when = beforeMs < 1_000 ? 'as' : `${duration(beforeMs)} after`;
    return `, ${when} ${suspect.version} was deployed`;
  }
  const down = diagnostics.find(({ status }) => status === 'down');
  return down ? `; ${down.check} says that ${down.target} is down` : '';
}

const bySeverity = (a: ShownAnomaly, b: ShownAnomaly) =>
  Number(b.severity === 'critical') - Number(a.severity === 'critical') || b.score - a.score;

const range = ({ low, high }: ShownAnomaly) => (low === high ? figure(low) : `${figure(low)} to ${figure(high)}`);

/** Three significant digits. */
const figure = (value: number): string => String(Number(value.toPrecision(3)));

function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return `${Math.round(seconds / 60)} min`;
}
