/** The shipped runbooks choose as the reference did, without its mistakes. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { matchRunbooks, type Candidate } from '@nightshift/runbooks';
import { loadYaml, valueOf } from '@nightshift/runtime';
import { Catalogue, Runbook, type CheckName, type Found, type IncidentType } from '@nightshift/types';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveTarget } from './target.ts';

const folder = fileURLToPath(new URL('../../../infra/runbooks/', import.meta.url));
let shipped: Candidate[];
beforeAll(async () => {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
  shipped = await Promise.all(
    files.map(async (name) => ({ runbook: valueOf(await loadYaml(folder + name, Runbook)), hash: name })),
  );
});

const found = (check: CheckName, status: Found['status'], facts: Found['facts'] = {}): Found => ({
  check,
  status,
  facts,
});
const suspect = found('recent_deployments', 'degraded', { newestIsSuspect: true, suspectUndoable: true });
const choose = (type: IncidentType, ...diagnostics: Found[]) =>
  matchRunbooks(shipped, {
    incident: { type, service: 'shop', severity: 'critical' },
    labels: [],
    diagnostics,
    tried: new Set(),
  }).fitting.map(
    ({ runbook }) =>
      `${runbook.mode} ${runbook.steps.map(({ action, target, timeoutMs, maxRetries }) => `${action} ${target ?? ''} ${timeoutMs / 1_000} s ${maxRetries}`).join(', ')}`,
  );

describe('the choice', () => {
  it('is the reference’s', () => {
    expect(choose('high_error_rate', suspect)).toEqual([
      'auto rollback_deploy  60 s 1',
      'auto restart_service  60 s 1', // where the roll-back did not end it
    ]);
    expect(choose('high_latency', found('database_connections', 'degraded'))).toEqual([
      'approve clear_cache query-cache 10 s 1, restart_service connection-pooler 30 s 1',
    ]);
    expect(choose('high_latency', found('disk_usage', 'degraded'))).toEqual(['auto clear_cache temp-files 30 s 1']);
    expect(choose('service_down', found('http_probe', 'down'))).toEqual(['auto restart_service  30 s 2']);
  });

  it('starts nothing again that answers, or that nothing has looked at', () => {
    for (const looked of [[found('http_probe', 'ok')], [found('http_probe', 'unknown')], []])
      expect(choose('service_down', ...looked)).toEqual([]);
  });

  it('defect 37: has the fifth, which was unreachable', () => {
    expect(choose('resource_exhaustion')).toEqual(['auto scale_up  60 s 1']);
  });

  it('is a person otherwise', () => {
    expect(choose('unknown', suspect, found('disk_usage', 'degraded'))).toEqual([]);
    expect(choose('high_error_rate', found('recent_deployments', 'ok'))).toEqual([]);
    expect(
      choose(
        'high_error_rate',
        found('recent_deployments', 'unknown', { newestIsSuspect: true, suspectUndoable: true }),
      ),
    ).toEqual([]);
    expect(
      choose(
        'high_error_rate',
        found('recent_deployments', 'degraded', { newestIsSuspect: false, suspectUndoable: true }),
      ),
    ).toEqual([]);
    expect(choose('high_latency', found('database_connections', 'unknown'))).toEqual([]);
  });

  it('defect 41: of a full disk never means the keys of a Redis', () => {
    const catalogue = Catalogue.parse({
      schema: 1,
      services: [
        {
          name: 'shop',
          targets: [
            { id: 'carts', kind: 'redis', urlEnv: 'CARTS_URL', clearPrefixes: ['cart:'], actions: ['clear_cache'] },
          ],
        },
      ],
    });
    const { runbook } = shipped.find((each) => each.runbook.match.status.some(({ check }) => check === 'disk_usage'))!;
    for (const step of runbook.steps)
      expect(resolveTarget(catalogue, 'shop', step.action, step.target)).toMatchObject({ ok: false });
  });
});
