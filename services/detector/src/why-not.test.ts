import { createDetector } from '@nightshift/detection';
import { DetectionConfig } from '@nightshift/types';
import { expect, it } from 'vitest';
import type { SeriesInfo } from './series.ts';
import { whyNotLog } from './why-not.ts';

/** Collects what would be written, in place of a connection. */
function recorded() {
  const rows: unknown[][] = [];
  const sql = { query: async (_text: string, values: unknown[] = []) => (rows.push(values), []) };
  return {
    sql: sql as unknown as Parameters<ReturnType<typeof whyNotLog>['flush']>[0],
    text: () => JSON.stringify(rows),
  };
}

it('says that a series goes as far out by itself, though its score is low for that very reason', async () => {
  const detector = createDetector(DetectionConfig.parse({ schema: 1 }));
  const log = whyNotLog();
  const series = { id: 1, service: 'shop', name: 'value', labels: {} } as unknown as SeriesInfo;
  const begin = Date.UTC(2026, 0, 5);
  let usual = 0;
  for (let i = 0; i < 20_000; i++) {
    // Two hours of quiet, then a peak of two minutes: after some of them a peak is nothing new.
    const value = (i % 120 < 2 && i > 240 ? 160 : 100) + Math.sin(i * 12.9898) * 3;
    const verdict = detector.observe(1, 'value', begin + i * 60_000, value);
    if (verdict.because === 'usual') usual++;
    log.verdict(series, begin + i * 60_000, verdict);
  }
  const { sql, text } = recorded();
  await log.flush(sql);
  expect(usual).toBeGreaterThan(0);
  expect(text()).toContain('goes that far out by itself');
});
