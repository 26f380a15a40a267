import { parseArgs } from 'node:util';
import { benchDetection } from './detection.ts';
import { report } from './report.ts';

const usage = `bench detection [--data DIR] [--json]
  --data DIR  folder with nab/, kpi/, asd/ (default: NIGHTSHIFT_BENCH_DATA, or ./data); what is absent is skipped
  --json      figures as JSON`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, json: { type: 'boolean', default: false } },
});
if (positionals[0] === 'detection') {
  const figures = benchDetection(values.data ?? process.env.NIGHTSHIFT_BENCH_DATA ?? 'data', [1_000, 10_000, 100_000]);
  console.log(values.json ? JSON.stringify(figures, null, 2) : report(figures));
} else {
  console.error(usage);
  process.exitCode = 2;
}
