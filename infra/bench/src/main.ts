import { parseArgs } from 'node:util';
import { benchDetection } from './detection.ts';
import { benchIncidents, incidentsReport, incidentsUsage } from './incidents/incidents.ts';
import { benchIngest, ingestReport, ingestUsage } from './ingest/ingest.ts';
import { benchLatency, latencyReport, latencyUsage } from './latency/latency.ts';
import { report } from './report.ts';
import { benchScale, scaleReport, scaleUsage } from './scale/scale.ts';
import { benchSoak, soakReport, soakUsage } from './soak/soak.ts';

const detectionUsage = `bench detection [--data DIR] [--json]
  --data DIR  folder with nab/, kpi/, asd/, petshop/ (default: NIGHTSHIFT_BENCH_DATA, or ./data); what is absent is skipped
  --json      figures as JSON
Takes two to five minutes; what it is at stands on stderr. infra/bench/README.md says where the data are from.`;

const usages: Record<string, string> = {
  detection: detectionUsage,
  ingest: ingestUsage,
  latency: latencyUsage,
  incidents: incidentsUsage,
  scale: scaleUsage,
  soak: soakUsage,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string' },
    detector: { type: 'string' },
    for: { type: 'string', default: '0' },
    help: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});

/** Prints a report for people, or the figures and, last, one line of what goals are set for. */
function print<T extends object>(figures: T, words: (figures: T) => string, goals: (keyof T)[]): void {
  if (!values.json) return console.log(words(figures));
  console.log(JSON.stringify(figures));
  console.log(JSON.stringify(Object.fromEntries(goals.map((key) => [key, figures[key]]))));
}

const commands: Record<string, () => Promise<void> | void> = {
  detection() {
    const figures = benchDetection(
      values.data ?? process.env.NIGHTSHIFT_BENCH_DATA ?? 'data',
      [1_000, 10_000, 100_000],
      (what) => console.error(`bench: ${what}`),
    );
    console.log(values.json ? JSON.stringify(figures, null, 2) : report(figures));
  },
  async ingest() {
    print(await benchIngest(values), ingestReport, ['ratios']);
  },
  async incidents() {
    print(await benchIncidents(values), incidentsReport, ['ratios']);
  },
  async scale() {
    print(await benchScale(values), scaleReport, ['ratios', 'kill', 'stop']);
  },
  async soak() {
    print(await benchSoak({ ...values, minutes: Number(values.minutes) }), soakReport, [
      'minutes',
      'samplesPerSecond',
      'memory',
      'pushed',
      'judged',
      'refused',
      'lost',
    ]);
  },
  async latency() {
    print(await benchLatency({ ...values, forSeconds: Number(values.for) }), latencyReport, ['ratios', 'ms']);
  },
};

const name = positionals[0] ?? '';
const command = commands[name];
if (values.help || !command) {
  const text = usages[name] ?? Object.values(usages).join('\n\n');
  if (values.help) console.log(text);
  else {
    console.error(text);
    process.exitCode = 2;
  }
} else {
  try {
    await command();
  } catch (error) {
    console.error(`bench ${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode ??= 1;
  }
  process.exit();
}
