import type { Figures } from './detection.ts';
import type { EventFigures } from './events.ts';

/** The figures as a Markdown table, one column per algorithm. */
export function report({ proof, algorithms, causes, fewerFalseAlarms, fleet, absent }: Figures): string {
  const row = (name: string, cell: (of: Figures['algorithms'][number]) => string | undefined) =>
    `| ${[name, ...algorithms.map((algorithm) => cell(algorithm) ?? '-')].join(' | ')} |`;
  const events = (name: string, unit: string, of: (a: Figures['algorithms'][number]) => EventFigures | null) => [
    row(`${name}: recall`, (a) => fraction(of(a)?.recall, of(a))),
    row(`${name}: false alarms per ${unit}-day`, (a) => of(a)?.falsePerDay.toFixed(2)),
    row(`${name}: median delay`, (a) => (of(a) ? `${of(a)!.medianDelayMs / 60_000} min` : undefined)),
  ];
  const nab = (pick: 'swept' | 'frozen') => (a: Figures['algorithms'][number]) =>
    a.nab?.map((figures) => figures[pick].toFixed(1)).join(' / ');
  return [
    ...(proof ?? []).map(
      ({ detector, profile, published, computed }) =>
        `scorer: ${detector} ${profile} published ${published.toFixed(4)}, computed ${computed.toFixed(4)}`,
    ),
    '',
    row('', ({ name, threshold }) => `${name}, threshold ${threshold}`),
    `|---|${algorithms.map(() => '---|').join('')}`,
    row('NAB swept: standard / low FP / low FN', nab('swept')),
    row('NAB at the frozen threshold', nab('frozen')),
    ...events('KPI', 'series', ({ kpi }) => kpi),
    ...events('ASD, any of 19 series', 'machine', ({ asd }) => asd && asd.any),
    ...events('ASD, incidents by evidence', 'machine', ({ asd }) => asd && asd.together),
    ...events('ASD, incidents by counts', 'machine', ({ asd }) => asd && asd.counts),
    ...(algorithms[0]?.cost ?? []).map(({ series }, i) =>
      row(`${series} series: per sample, per series`, ({ cost }) => {
        const found = cost[i]!;
        return `${found.microsecondsPerSample.toFixed(2)} us, ${Math.round(found.bytesPerSeries)} B`;
      }),
    ),
    '',
    fewerLine(fewerFalseAlarms),
    ...(causes ? [causeLine(causes)] : []),
    `${fleet.series} noisy series of one service, a simulated week:`,
    ...(['together', 'counts'] as const).map((rule) => {
      const { found, events: outages, falsePerDay, medianDelayMs } = fleet[rule];
      const delay = `median delay ${medianDelayMs / 60_000} min`;
      return `- by ${rule === 'together' ? 'evidence' : 'counts'}: ${found} of ${outages} outages, ${falsePerDay.toFixed(2)} false incidents a day, ${delay}`;
    }),
    '',
    ...absent,
  ].join('\n');
}

const fraction = (recall: number | undefined, of: EventFigures | null) =>
  recall === undefined || !of ? undefined : `${recall.toFixed(3)} (${of.found} of ${of.events})`;

function causeLine({ issues, first, firstThree, byTraffic }: NonNullable<Figures['causes']>): string {
  const share = (n: number) => `${(n / issues).toFixed(2)} (${n} of ${issues})`;
  const parts = Object.entries(byTraffic).map(([traffic, [one, three]]) => `${traffic} ${one} / ${three}`);
  return `PetShop: cause first ${share(first)}, among the first three ${share(firstThree)}; ${parts.join(', ')}`;
}

function fewerLine({ kpi, asd }: Figures['fewerFalseAlarms']): string {
  const times = (ratio: number | null) => (ratio === null ? 'not measured' : `${ratio.toFixed(0)} times fewer`);
  return `False alarms against the reference's z > 3: KPI ${times(kpi)}, ASD (incidents) ${times(asd)}`;
}
