import { parseYaml } from '@nightshift/runtime';
import { IncidentType, Runbook, type IncidentEvent } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import type { History } from './history.ts';
import { improvementsOf, mendCauseAfter, slowMs } from './improve.ts';
import { runbookSkeleton } from './skeleton.ts';
import { diagnosed, finished, happened, history, noRunbook, suspectDeployment } from './stand-ins.ts';

const improve = (changes: Parameters<typeof history>[0]) => improvementsOf(history(changes));
const after = (...events: IncidentEvent[]) => ({
  timeline: happened(...events.map((event, i): [number, IncidentEvent] => [i, event])),
});
const paged: IncidentEvent = { kind: 'paged', channel: 'pager', recipient: 'ada', level: 0, dedupKey: 'k', detail: '' };
const runbook = (succeeded: number, mode: string, failed = 0): History['runbook'] => ({
  id: 'roll-back',
  mode,
  succeeded,
  failed,
});

describe('what to improve', () => {
  it('is nothing after an incident that went as it should', () => {
    expect(
      improve({ timeline: happened([6, diagnosed], [8, finished('succeeded')]), runbook: runbook(1, 'auto') }),
    ).toEqual([]);
  });

  it.each<[string, Parameters<typeof history>[0], string]>([
    [
      'a step that failed',
      after(finished('failed', 'answered 500')),
      '"rollback_deploy" on shop-api failed (answered 500)',
    ],
    [
      'an effect nobody knows of',
      after(finished('unknown')),
      'Nobody knows whether "rollback_deploy" on shop-api took effect',
    ],
    [
      'a limit that was reached',
      after(finished('denied', '2 restarts in 10 min')),
      'A limit stopped "rollback_deploy" on shop-api (2 restarts in 10 min)',
    ],
    ['a remedy that did not help', after({ kind: 'not_recovered', detail: '' }), 'ran and did not help'],
    ['a runbook that only observed', after(finished('observed')), 'only observed'],
    [
      'an approval that expired',
      after({ kind: 'deadline_passed', state: 'awaiting_approval' }),
      'An approval expired unanswered',
    ],
    [
      'a plan that was rejected',
      after({ kind: 'rejected', approvalId: 'a', by: 'ada', reason: 'peak hour' }),
      'ada rejected the plan ("peak hour")',
    ],
    [
      'pages that nobody took',
      { ...after(paged, paged), incident: { resolution: 'self' } },
      '2 pages were sent and nobody took the incident',
    ],
    [
      'a page that never arrived',
      after({ kind: 'page_failed', channel: 'pager', recipient: 'ada', level: 0, detail: 'answered 500' }),
      'A page to ada by "pager" was never delivered',
    ],
    [
      'a check that could not find out',
      { diagnostics: [{ ...suspectDeployment, status: 'unknown', output: 'no such host' }] },
      'recent_deployments of shop-api could not be found out: no such host',
    ],
    ['no incident after all', { incident: { resolution: 'false_positive' } }, 'It was no incident'],
    ['healing by itself', { incident: { resolution: 'self' } }, 'It healed by itself'],
    [
      'a stage that nobody worked on',
      after({ kind: 'deadline_passed', state: 'diagnosing' }),
      'Nothing moved it on while it was diagnosing',
    ],
  ])('names %s', (_name, changes, text) => {
    expect(improve(changes).filter((each) => each.includes(text))).toHaveLength(1);
  });

  it('does not blame the rotation when somebody took it', () => {
    for (const changes of [
      { ...after(paged, { kind: 'acknowledged', by: 'ada' }) },
      { ...after(paged), incident: { resolution: 'person' as const } },
    ]) {
      expect(improve(changes).join()).not.toContain('nobody took');
    }
  });

  it('promotes a runbook that has worked often enough and never failed, and then wants the cause mended', () => {
    const said = (given: History['runbook'], resolution: 'automated' | 'self' = 'automated') =>
      improve({ runbook: given, incident: { resolution } }).join();
    expect(said(runbook(9, 'approve'))).toContain('promote it to auto');
    expect(said(runbook(8, 'approve'))).not.toContain('promote');
    expect(said(runbook(9, 'approve', 1))).not.toContain('promote');
    expect(said(runbook(9, 'auto'))).not.toContain('promote');
    expect(said(runbook(9, 'approve'), 'self')).not.toContain('promote');
    expect(said(runbook(mendCauseAfter, 'auto'))).toContain('the fault itself is due');
  });

  it('names the phase that was slow, and does not count waiting for a person as acting', () => {
    const timeline = happened(
      [6, diagnosed],
      [
        7,
        {
          kind: 'approval_requested',
          runbook: 'r',
          hash: 'h',
          planHash: 'p',
          approvalId: 'a',
          summary: '',
          expiresAt: 0,
        },
      ],
      [607, { kind: 'approved', approvalId: 'a', by: 'ada' }, { from: 'awaiting_approval', to: 'remediating' }],
      [610, finished('succeeded')],
    );
    const slow = improve({
      timeline,
      incident: {
        openedAt: history().incident.onsetAt + slowMs.detect + 1,
        resolvedAt: history().incident.onsetAt + 620_000,
      },
    });
    expect(slow).toEqual([
      expect.stringContaining('Detection took 2 min'),
      expect.stringContaining('An approval was waited for 10 min'),
    ]);
  });

  it('carries no secret out of a detail (defect 27)', () => {
    expect(improve(after(finished('failed', 'postgres://app:canary@db/x'))).join()).not.toContain('canary');
  });
});

describe('a runbook that is missing', () => {
  const accepted = (given: History) => {
    const parsed = parseYaml('skeleton.yaml', runbookSkeleton(given), Runbook);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.value;
  };

  it('is proposed as YAML', () => {
    expect(improve({ ...after(noRunbook) }).at(-1)).toMatch(/^No runbook matched.*\n```yaml\nschema: 1\n[^]*\n```$/);
  });

  it('would be accepted as it stands, and would have matched; it only observes', () => {
    const found = [suspectDeployment, { ...suspectDeployment, check: 'disk_usage', target: 'shop-disk', facts: {} }];
    expect(accepted(history({ diagnostics: found }))).toMatchObject({
      id: 'shop-api-high_error_rate',
      mode: 'observe',
      match: {
        type: 'high_error_rate',
        services: ['shop-api'],
        facts: [{ check: 'recent_deployments', fact: 'suspects', op: '>=', value: 1 }],
        status: [{ check: 'disk_usage', is: 'degraded' }],
      },
      steps: [{ action: 'rollback_deploy' }],
    });
  });

  it('is acceptable for every type, and for a service with any name', () => {
    for (const type of IncidentType.options) expect(accepted(history({ incident: { type } })).match.type).toBe(type);
    for (const service of ['a: b\n- c', '"', '*', '', 'x'.repeat(300), '--- #', 'ünï']) {
      expect(accepted(history({ incident: { service } })).match.services).toBeUndefined();
    }
  });
});
