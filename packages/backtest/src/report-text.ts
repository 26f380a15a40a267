import type { BacktestResult, JudgedIncident } from './backtest.ts';
import { sumFigures, type EventFigures } from './events.ts';
import { causesOf, lasting, metricWithLabels, minuteOf } from './format.ts';
import { keyOf, type SeriesOutcome } from './outcomes.ts';

/** The most lines of each kind that are worth reading on a terminal. */
const most = 20;

/** The result for a terminal: series, incidents, what was gained and lost. Times are UTC. */
export function reportText(result: BacktestResult): string {
  return [...seriesLines(result), '', ...incidentText(result), ''].join('\n');
}

/** How often a day, to two digits. */
export function perDay(count: number, { days }: EventFigures): string {
  return days > 0 ? (count / days).toFixed(2) : '-';
}

/** Found events and false alarms of labelled samples, in words. */
export function eventsOf(events: EventFigures): string {
  return `${events.found} of ${events.events} events found, ${perDay(events.falseAlarms, events)} false alarms a day`;
}

function seriesLines({ series, incidents }: BacktestResult): string[] {
  const labelled = series.some(({ hasLabels }) => hasLabels);
  const loudest = series
    .toSorted((a, b) => b.events.falseAlarms + b.events.found - a.events.falseAlarms - a.events.found)
    .slice(0, most);
  const partOf = ({ service, metric, labels }: SeriesOutcome) =>
    incidents.filter((incident) => incident.series.some((each) => keyOf(each) === keyOf({ service, metric, labels })))
      .length;
  const row = (
    name: string,
    { events, hasLabels }: Pick<SeriesOutcome, 'events' | 'hasLabels'>,
    incidentsOfIt: number,
  ) => [
    name,
    events.days.toFixed(1),
    perDay(events.found + events.falseAlarms, events),
    String(incidentsOfIt),
    ...(labelled && hasLabels ? [perDay(events.falseAlarms, events), `${events.found} of ${events.events}`] : ['', '']),
  ];
  const all = { events: sumFigures(series.map(({ events }) => events)), hasLabels: labelled };
  const left = series.length - loudest.length;
  return table([
    ['series', 'days', 'alarms/day', 'incidents', ...(labelled ? ['false/day', 'events found'] : ['', ''])],
    ...loudest.map((each) => row(`${each.service}  ${metricWithLabels(each)}`, each, partOf(each))),
    ...(left > 0 ? [[`(${left} more, quieter)`, '', '', '', '', '']] : []),
    ...(series.length > 1 ? [row('all', all, incidents.length)] : []),
  ]);
}

/** The incidents of a result, line by line; with a comparison those that are gained, lost and kept. */
export function incidentText({ incidents, comparison }: BacktestResult): string[] {
  const count = (n: number) => `${n} incident${n === 1 ? '' : 's'}`;
  const falsely = incidents.filter(({ labelled }) => labelled === false).length;
  const known = incidents.some(({ labelled }) => labelled !== null);
  const unlabelled = known ? `, ${falsely} of them while nothing was labelled` : '';
  const head = `${count(incidents.length)} would have opened${unlabelled}`;
  if (!comparison) return [head, ...listed([['', incidents]])];
  const { present, kept, gained, lost } = comparison;
  return [
    `${head}; under the present settings ${present}: ${kept.length} kept, ${gained.length} gained, ${lost.length} lost`,
    ...listed([
      ['gained', gained],
      ['lost', lost],
      ['kept', kept],
    ]),
  ];
}

function listed(kinds: [mark: string, incidents: JudgedIncident[]][]): string[] {
  const rows = kinds.flatMap(([mark, incidents]) => [
    ...incidents
      .slice(0, most)
      .map((incident) => [
        `  ${mark}`.trimEnd(),
        minuteOf(incident.openedAt),
        incident.service,
        incident.type,
        incident.severity,
        lasting(incident.lastAt - incident.onsetAt),
        causesOf(incident),
      ]),
    ...(incidents.length > most
      ? [[`  ${mark}`.trimEnd(), `${incidents.length - most} more`, '', '', '', '', '']]
      : []),
  ]);
  return table(rows);
}

/** Cells in columns. */
function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, cell) => Math.max(...rows.map((row) => row[cell]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.replace(/\p{Cc}/gu, '?').padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}
