import { Runbook, type Found } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { matchRunbooks, type Candidate } from './match.ts';

const runbook = (id: string, match: z.input<typeof Runbook>['match']): Candidate => ({
  hash: id,
  runbook: Runbook.parse({ schema: 1, id, title: id, match, steps: [{ action: 'restart_service' }] }),
});
const result = (check: Found['check'], status: Found['status'], facts: Found['facts'] = {}): Found => ({
  check,
  status,
  facts,
});
const situation = (...diagnostics: Found[]) => ({
  incident: { type: 'high_latency' as const, service: 'shop', severity: 'critical' as const },
  labels: [] as Record<string, string>[],
  diagnostics,
  tried: new Set<string>(),
});

describe('matching', () => {
  it('says every reason why a runbook does not fit, not only the first', () => {
    const wrong = runbook('wrong', {
      type: 'service_down',
      services: ['basket'],
      severity: ['warning'],
      labels: { zone: 'b' },
      status: [{ check: 'disk_usage', is: 'degraded' }],
      facts: [{ check: 'disk_usage', fact: 'usedPercent', op: '>', value: 90 }],
    });
    const { fitting, considered } = matchRunbooks([wrong], {
      ...situation(result('disk_usage', 'ok', { usedPercent: 40 })),
      labels: [{ zone: 'a' }],
      tried: new Set(['wrong']),
    });
    expect(fitting).toEqual([]);
    expect(considered).toEqual([
      {
        runbook: 'wrong',
        reason:
          'wants type service_down, is high_latency; wants service basket, is shop; wants severity warning, is critical; ' +
          'wants label zone=b, is a; wants disk_usage degraded, is ok; wants disk_usage.usedPercent > 90, is 40; ' +
          'wants to be tried once, is tried for this incident already',
        conditions: expect.arrayContaining([
          { condition: 'disk_usage.usedPercent > 90', actual: '40', holds: false },
        ]) as unknown,
      },
    ]);
  });

  it('uses what diagnostics found (defect 54), of any of several targets', () => {
    const full = runbook('full', {
      type: 'high_latency',
      facts: [{ check: 'disk_usage', fact: 'usedPercent', op: '>=', value: 90 }],
    });
    const fits = (...found: Found[]) => matchRunbooks([full], situation(...found)).fitting.length === 1;
    expect(
      fits(result('disk_usage', 'ok', { usedPercent: 10 }), result('disk_usage', 'degraded', { usedPercent: 90 })),
    ).toBe(true);
    expect(fits(result('disk_usage', 'ok', { usedPercent: 89.9 }))).toBe(false);
    expect(fits()).toBe(false);
  });

  it('takes what could not be found out for nothing, not even for "not equal"', () => {
    const others = runbook('others', {
      type: 'high_latency',
      facts: [{ check: 'http_probe', fact: 'status', op: '!=', value: 200 }],
    });
    for (const found of [
      result('http_probe', 'unknown', { status: 500 }),
      result('http_probe', 'down', { status: null }),
      result('http_probe', 'down'),
    ]) {
      const { considered } = matchRunbooks([others], situation(found));
      expect(considered[0]!.reason).toBe('wants http_probe.status != 200, is not known');
    }
    expect(matchRunbooks([others], situation(result('http_probe', 'down', { status: 500 }))).fitting).toHaveLength(1);
  });

  it('never compares values of different types, and never finds a fact that nobody stated', () => {
    const ask = (fact: string, value: string | number | boolean, op: '=' | '>' | '!=') =>
      runbook('ask', { type: 'high_latency', facts: [{ check: 'custom.own', fact, op, value }] });
    const found = result('custom.own', 'degraded', { text: '91', yes: true });
    const fits = (candidate: Candidate) => matchRunbooks([candidate], situation(found)).fitting.length === 1;
    expect([fits(ask('text', 90, '>')), fits(ask('text', 91, '=')), fits(ask('text', 0, '!='))]).toEqual([
      false,
      false,
      false,
    ]);
    expect(fits(ask('yes', true, '='))).toBe(true);
    expect([fits(ask('constructor', 'x', '!=')), fits(ask('__proto__', 'x', '!='))]).toEqual([false, false]);
  });

  it('prefers the most specific one, and is the same in any order of files', () => {
    const list = [
      runbook('a-general', { type: 'high_latency' }),
      runbook('z-specific', { type: 'high_latency', status: [{ check: 'disk_usage', is: 'degraded' }] }),
      runbook('b-general', { type: 'high_latency' }),
    ];
    const names = (candidates: Candidate[]) =>
      matchRunbooks(candidates, situation(result('disk_usage', 'degraded'))).fitting.map((each) => each.runbook.id);
    expect(names(list)).toEqual(['z-specific', 'a-general', 'b-general']);
    expect(names(list.toReversed())).toEqual(['z-specific', 'a-general', 'b-general']);
  });

  it('uses none of two files that declare one id', () => {
    const twin = () => runbook('twin', { type: 'high_latency' });
    const { fitting, considered } = matchRunbooks([twin(), twin()], situation());
    expect(fitting).toEqual([]);
    expect(considered.map(({ reason }) => reason)).toEqual(
      Array(2).fill('wants an id of its own, is declared by two files'),
    );
  });
});
