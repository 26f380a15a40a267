import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDetector } from './create.ts';
import type { Verdict } from './detector.ts';
import { config } from './stand-ins.ts';

type Sample = { series: number; at: number; value: number };

/** Samples of three series in the order of their time, spiky enough to be anomalous now and then. */
const stream = fc
  .array(
    fc.record({
      series: fc.integer({ min: 1, max: 3 }),
      gapMs: fc.integer({ min: 1, max: 400_000 }),
      value: fc.oneof(
        { weight: 9, arbitrary: fc.double({ min: 90, max: 110, noNaN: true }) },
        { weight: 1, arbitrary: fc.double({ noNaN: false }) },
      ),
    }),
    { minLength: 60, maxLength: 250 },
  )
  .map((steps) => {
    let at = 1_700_000_000_000;
    return steps.map(({ series, gapMs, value }): Sample => ({ series, at: (at += gapMs), value }));
  });

const metric = (series: number) => (series === 3 ? 'requests_total' : 'latency_ms');
const accepted = (verdicts: Verdict[]) => verdicts.filter((verdict) => verdict.accepted);

describe.each(['zscore', 'adaptive'])('whatever comes to %s', (algorithm) => {
  const make = () => createDetector(config([], { detector: algorithm }));
  const run = (samples: Sample[], detector = make()) =>
    samples.map(({ series, at, value }) => detector.observe(series, metric(series), at, value));

  test('duplicates and late samples do not change any verdict', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { minLength: 1, maxLength: 40 }), (samples, repeats) => {
        const noisy = samples.flatMap((sample, i) => {
          const again = repeats
            .filter((repeat) => repeat % samples.length === i)
            .map((repeat) => samples[repeat % (i + 1)]!);
          // Only what its series has already passed: a sample that is merely early would be a first, not a repeat.
          const passed = again.filter((old) => old.at <= sample.at && Math.abs(old.value) <= 1e30);
          return [
            sample,
            ...passed
              .filter((old) => samples.slice(0, i + 1).includes(old))
              .map((old) => ({ ...old, value: old.value + 1e6 })),
          ];
        });
        expect(accepted(run(noisy))).toEqual(accepted(run(samples)));
      }),
      { numRuns: 60 },
    );
  });

  test('series do not disturb each other: grouped by series they get the verdicts they get interleaved', () => {
    fc.assert(
      fc.property(stream, (samples) => {
        const interleaved = run(samples);
        const grouped = [1, 2, 3].flatMap((series) => samples.filter((sample) => sample.series === series));
        const verdicts = run(grouped);
        expect(grouped.map((sample) => interleaved[samples.indexOf(sample)])).toEqual(verdicts);
      }),
      { numRuns: 60 },
    );
  });

  test('a detector that was saved and restored goes on as the one that was not', () => {
    fc.assert(
      fc.property(stream, fc.nat(), (samples, cut) => {
        const half = cut % samples.length;
        const original = make();
        run(samples.slice(0, half), original);
        const restored = make();
        restored.restore(original.snapshot());
        expect(run(samples.slice(half), restored)).toEqual(run(samples.slice(half), original));
        expect(restored.snapshot()).toEqual(original.snapshot());
      }),
      { numRuns: 60 },
    );
  });

  test('an anomaly lies outside its band, and has a severity, a direction and a score', () => {
    fc.assert(
      fc.property(stream, (samples) => {
        for (const verdict of run(samples).filter((each) => each.state === 'anomalous')) {
          expect(verdict.value < verdict.low || verdict.value > verdict.high).toBe(true);
          expect(verdict.severity).toBeDefined();
          expect(verdict.direction).toBe(verdict.value > verdict.high ? 'up' : 'down');
          expect(verdict.score).toBeGreaterThan(1);
          expect(verdict.score).toBeLessThanOrEqual(16);
        }
      }),
      { numRuns: 60 },
    );
  });
});
