import { inHouse, type House } from '../ground/house.ts';
import { makeSeries } from '../load/series.ts';
import { median } from '../median.ts';
import { nightshift, parseOnly, prometheus, reference, type Contender, type Load, type Round } from './contenders.ts';

export const ingestUsage = `bench ingest [--quick] [--json] [--detector NAME]
  Samples per second and processor time per sample, from HTTP to a judged sample, in three alternating rounds: the reference design (one
  Redis list per metric), Nightshift (remote write, JSON), Prometheus as a receiver of remote write, and a fastify that only parses JSON.
  Starts its own Redis, Postgres and Prometheus. Takes some 3 minutes.
  --quick          a tenth of the samples: to try it out
  --json           figures as JSON; the last line holds the ratios
  --detector NAME  adaptive or zscore (default: Nightshift's own default)`;

/** Microseconds of processor time per sample, by process, and samples per second: medians of the rounds. */
type Figure = { name: string; samplesPerSecond: number; cpuUsPerSample: Record<string, number> };

const rounds = 3;

export async function benchIngest(options: { quick: boolean; detector?: string | undefined }) {
  const load = loadOf(10_000, options.quick ? 0.1 : 1);
  return inHouse('ingest', async (house) => {
    const detection = ['schema: 1', ...(options.detector ? [`detector: ${options.detector}`] : [])].join('\n');
    const ours = await nightshift(house, load, detection);
    const contenders: Contender[] = [
      await reference(house, load),
      ours.remote,
      ours.json,
      ...[await prometheus(house, load)].filter((each) => each !== null),
      await parseOnly(house, load),
    ];
    const figures = await measure(house, contenders);
    return { series: load.series.length, figures, ratios: ratiosOf(figures) };
  });
}

function loadOf(series: number, scale: number): Load {
  return {
    series: makeSeries(series),
    steps: 200 * scale,
    jsonSteps: 100 * scale,
    prometheusSteps: 100 * scale,
    referenceSamples: 60_000 * scale,
  };
}

async function measure(house: House, contenders: Contender[]): Promise<Figure[]> {
  const found = contenders.map((): Round[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      house.signal.throwIfAborted();
      const result = await contender.round();
      found[i]!.push(result);
      const rate = Math.round(result.samples / result.seconds).toLocaleString('en');
      house.say(`round ${round + 1} of ${rounds}: ${contender.name}: ${rate} samples/s`);
    }
  }
  return contenders.map(({ name }, i) => figureOf(name, found[i]!));
}

function figureOf(name: string, results: Round[]): Figure {
  const processes = Object.keys(results[0]!.cpuUs);
  return {
    name,
    samplesPerSecond: median(results.map(({ samples, seconds }) => samples / seconds)),
    cpuUsPerSample: Object.fromEntries(
      processes.map((process) => [process, median(results.map(({ cpuUs, samples }) => cpuUs[process]! / samples))]),
    ),
  };
}

/** Processor time per sample of all processes of a contender. */
const cpuOf = ({ cpuUsPerSample }: Figure): number => Object.values(cpuUsPerSample).reduce((sum, us) => sum + us, 0);

/** The goals, each larger for a faster Nightshift; null where the other side is not installed. */
function ratiosOf(figures: Figure[]) {
  const find = (part: string) => figures.find(({ name }) => name.startsWith(part));
  const [reference, remote, json, receiver, parser] = [
    find('reference')!,
    find('nightshift, remote')!,
    find('nightshift, JSON')!,
    find('Prometheus'),
    find('fastify')!,
  ];
  return {
    httpToScoredVsReference: remote.samplesPerSecond / reference.samplesPerSecond,
    cpuReferenceVsOurs: cpuOf(reference) / cpuOf(remote),
    perCpuVsPrometheus: receiver ? cpuOf(receiver) / cpuOf(remote) : null,
    // Front door against front door: what one core takes in.
    jsonVsParseOnly: cpuOf(parser) / json.cpuUsPerSample['ingest']!,
  };
}

export function ingestReport({ series, figures, ratios }: Awaited<ReturnType<typeof benchIngest>>): string {
  const rows = figures.map((figure) => {
    const parts = Object.entries(figure.cpuUsPerSample).map(([name, us]) => `${name} ${us.toFixed(2)}`);
    const rate = Math.round(figure.samplesPerSecond).toLocaleString('en');
    return `| ${figure.name} | ${rate} | ${cpuOf(figure).toFixed(2)} | ${parts.join(', ')} |`;
  });
  const goals: [keyof typeof ratios, string, number][] = [
    ['httpToScoredVsReference', 'samples/s from HTTP to judged, against the reference design', 40],
    ['cpuReferenceVsOurs', 'processor time per sample, reference design against ours', 35],
    [
      'perCpuVsPrometheus',
      'samples per processor second, whole path against Prometheus (which also stores durably)',
      1.5,
    ],
    ['jsonVsParseOnly', 'JSON samples per processor second of ingest, against a fastify that only parses', 0.8],
  ];
  return [
    `${series} series, 500 samples a request, medians of ${rounds} alternating rounds`,
    '',
    '| | samples/s | CPU us/sample | by process |',
    '|---|---|---|---|',
    ...rows,
    '',
    '| ratio | measured | goal |',
    '|---|---|---|',
    ...goals.map(([key, words, goal]) => `| ${words} | ${ratios[key]?.toFixed(2) ?? 'skipped'} | ${goal} |`),
  ].join('\n');
}
