import type { Trial } from './trials.ts';

/** Nightshift's configuration: who is told, what may be done to which service, and the one runbook. */
export function nightshiftFiles(acted: Trial[], forSeconds: number): Record<string, string> {
  const detection = {
    schema: 1,
    rules: [{ metric: 'bench_*', harm: 'up', ...(forSeconds > 0 ? { minDurationSeconds: forSeconds } : {}) }],
  };
  const services = acted.map(({ service }) => ({
    name: service,
    targets: [
      {
        id: service,
        kind: 'http',
        urlEnv: 'ACT_URL',
        path: `/act/${service}`,
        idempotent: true,
        allowPrivate: true,
        actions: ['restart_service'],
      },
    ],
  }));
  // Services that stay well: were only those of the trials known, so many of them sick at once would rightly stop all acting.
  const well = Array.from({ length: 200 }, (_, nth) => ({ name: `well-${nth}` }));
  const channels = [
    { id: 'pager', kind: 'webhook', urlEnv: 'PAGER_URL', secretEnv: 'PAGER_SECRET', allowPrivate: true },
  ];
  const policies = [{ id: 'all', levels: [{ notify: ['pager'] }] }];
  const runbook = {
    schema: 1,
    id: 'restart',
    title: 'Restart it',
    mode: 'auto',
    match: { type: 'service_down' },
    steps: [{ action: 'restart_service' }],
  };
  // JSON is YAML.
  return Object.fromEntries(
    Object.entries({
      'detection.yaml': detection,
      'catalogue.yaml': { schema: 1, services: [...services, ...well] },
      'oncall.yaml': { schema: 1, channels, policies, defaultPolicy: 'all' },
      'runbooks/restart.yaml': runbook,
    }).map(([name, content]) => [name, JSON.stringify(content, null, 2)]),
  );
}

/** Prometheus looks at the same signals as often as they are pushed to Nightshift, and waits as long. */
export const prometheusConfig = (scraped: number, alertmanager: number, rules: string) => `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${rules}']
alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:${alertmanager}'] }] }] }
scrape_configs:
  - job_name: bench
    honor_labels: true
    static_configs: [{ targets: ['127.0.0.1:${scraped}'] }]
`;

export const alertRules = (forSeconds: number) => `
groups:
  - name: bench
    rules:
      - alert: TwoSignalsOff
        expr: count by (service) ({__name__=~"bench_.+"} > 1000) >= 2
        for: ${forSeconds}s
`;

/** Tells at once: it does not wait for more of a group. */
export const alertmanagerConfig = (url: string) => `
route: { receiver: bench, group_by: [service], group_wait: 0s, group_interval: 1s }
receivers:
  - name: bench
    webhook_configs: [{ url: '${url}/alerts', send_resolved: false }]
`;
