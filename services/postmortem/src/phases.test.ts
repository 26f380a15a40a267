import { MttrPhases } from '@nightshift/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approvalMs, phasesOf } from './phases.ts';
import { diagnosed, finished, happened, history, onsetAt } from './stand-ins.ts';

const asked = {
  kind: 'approval_requested',
  runbook: 'r',
  hash: 'h',
  planHash: 'p',
  approvalId: 'apr-1',
  summary: '',
  expiresAt: 0,
} as const;

describe('the phases', () => {
  it('say where the time went', () => {
    const timeline = happened(
      [6, diagnosed],
      [7, finished('failed')],
      [8, finished('succeeded')],
      [9, finished('succeeded')],
    );
    expect(phasesOf(history({ timeline }))).toEqual({
      onsetToDetectedMs: 5_000,
      detectedToDiagnosedMs: 1_000,
      diagnosedToActedMs: 2_000,
      actedToResolvedMs: 52_000,
      totalMs: 60_000,
    });
  });

  it('are null where a phase did not happen', () => {
    expect(phasesOf(history({ incident: { resolvedAt: null } }))).toMatchObject({
      detectedToDiagnosedMs: null,
      diagnosedToActedMs: null,
      actedToResolvedMs: null,
      totalMs: null,
    });
  });

  it('are never below zero nor infinite, whatever the clocks said (defects 55 and 57)', () => {
    const time = fc.oneof(fc.integer({ min: -1e12, max: 1e15 }), fc.constantFrom(Infinity, -Infinity, Number.NaN));
    fc.assert(
      fc.property(time, time, time, fc.option(time), (onset, opened, acted, resolvedAt) => {
        const timeline = happened([1, diagnosed], [2, finished('succeeded')]).map((entry) => ({ ...entry, at: acted }));
        const phases = phasesOf(history({ timeline, incident: { onsetAt: onset, openedAt: opened, resolvedAt } }));
        for (const ms of Object.values(phases)) expect(ms === null || (Number.isFinite(ms) && ms >= 0)).toBe(true);
        expect(JSON.parse(JSON.stringify(phases))).toEqual(MttrPhases.parse(phases));
      }),
    );
  });

  it('know how long an approval was waited for', () => {
    const timeline = happened(
      [5, asked, { to: 'awaiting_approval' }],
      [6, { kind: 'note', by: 'ada', text: 'hm' }],
      [65, { kind: 'approved', approvalId: 'apr-1', by: 'ada' }, { from: 'awaiting_approval', to: 'remediating' }],
    );
    expect(approvalMs(history({ timeline }))).toBe(60_000);
    expect(approvalMs(history())).toBeNull();
    expect(onsetAt).toBeGreaterThan(0);
  });
});
