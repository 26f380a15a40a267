import { redactText } from '@nightshift/runtime';
import type { ActionType, CheckName, IncidentType } from '@nightshift/types';
import { lastDiagnosis, suspectChangeOf, type History } from './history.ts';
import { controls } from './markdown.ts';

const usual: Record<IncidentType, ActionType> = {
  high_error_rate: 'restart_service',
  high_latency: 'restart_service',
  service_down: 'restart_service',
  resource_exhaustion: 'scale_up',
  unknown: 'restart_service',
};

/**
 * A runbook to begin with, for an incident that none matched: its type and service, the findings it had, the usual remedy. As YAML that the
 * executor accepts; `observe`, so that it does nothing before a person has looked at it.
 */
export function runbookSkeleton(history: History): string {
  const { incident } = history;
  const suspect = suspectChangeOf(history) !== null;
  const found = lastDiagnosis(history).filter(
    (each) => (each.status === 'degraded' || each.status === 'down') && each.check !== 'recent_deployments',
  );
  const status = [...new Map(found.map((each) => [each.check as CheckName, each.status])).entries()];
  const action = suspect ? 'rollback_deploy' : usual[incident.type];
  const service = redactText(incident.service).replace(controls, ' ');
  // The id must name one thing in a few safe characters, whatever the service is called.
  const id = `${service}-${incident.type}`
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 120);
  return [
    'schema: 1',
    `id: ${id}`,
    `title: ${JSON.stringify(`Remedy for ${incident.type} of ${service}`.slice(0, 200))}`,
    'mode: observe',
    'match:',
    `  type: ${incident.type}`,
    ...(isName(incident.service) ? [`  services: [${JSON.stringify(incident.service)}]`] : []),
    ...(suspect ? ['  facts:', '    - { check: recent_deployments, fact: suspects, op: ">=", value: 1 }'] : []),
    ...(status.length > 0 ? ['  status:', ...status.map(([check, is]) => `    - { check: ${check}, is: ${is} }`)] : []),
    'steps:',
    `  - action: ${action}`,
    ...(action === 'scale_up' ? ['    params: { add: 1 }'] : []),
    '',
  ].join('\n');
}

const isName = (text: string) => /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/.test(text);
