import type { SerializedError } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

/** What a run came to. `reasons` maps why tests were not run to how many those were. */
export type Totals = { passed: number; failed: number; skipped: number; reasons: Map<string, number> };

/**
 * Adds up a run. A file that failed before or beside its tests (a typo, a hook) and an error outside of any test count as
 * one failure each, so that a run which proved nothing can never read as green.
 */
export function countTests(modules: readonly TestModule[], strayErrors: number): Totals {
  const totals: Totals = { passed: 0, failed: strayErrors, skipped: 0, reasons: new Map() };
  for (const module of modules) {
    const failedBefore = totals.failed;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') totals.passed += 1;
      else if (result.state === 'failed') totals.failed += 1;
      else {
        totals.skipped += 1;
        const reason = ('note' in result && result.note) || `${module.relativeModuleId} gives no reason`;
        totals.reasons.set(reason, (totals.reasons.get(reason) ?? 0) + 1);
      }
    }
    if (!module.ok() && totals.failed === failedBefore) totals.failed += 1;
  }
  return totals;
}

/** The end of a run in plain lines: what was not run and why, then `N passed, N failed, N skipped` alone. */
export function plainLines({ passed, failed, skipped, reasons }: Totals): string[] {
  const notRun = [...reasons].map(
    ([reason, count]) => `not run: ${count} ${count === 1 ? 'test' : 'tests'}: ${reason}`,
  );
  return [...notRun, `${passed} passed, ${failed} failed, ${skipped} skipped`];
}

/** The vitest reporter that prints those lines, after the default reporter's own summary. */
export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    process.stdout.write(`${plainLines(countTests(modules, errors.length)).join('\n')}\n`);
  }
}
