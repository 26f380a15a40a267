import type { BacktestResult, JudgedIncident } from './backtest.ts';
import { causesOf, lasting, metricWithLabels, minuteOf } from './format.ts';
import { html, type Html } from './html.ts';
import type { SeriesOutcome } from './outcomes.ts';
import { eventsOf, perDay } from './report-text.ts';
import { drawSeries } from './svg.ts';

const style = `
:root { color-scheme: light dark; --line: #8884; --value: #2463c5; --band: #2463c526; --alarm: #d33a2c; --label: #e0a00038; --incident: #b3269a; }
@media (prefers-color-scheme: dark) { :root { --value: #7fb0ff; --band: #7fb0ff2e; --alarm: #ff7a6b; --incident: #f07bdc; } }
body { font: 14px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
figure { margin: 1.6rem 0; } svg { width: 100%; height: auto; border: 1px solid var(--line); border-radius: 4px; }
svg text { font: 10px system-ui, sans-serif; fill: currentColor; opacity: .7; }
.value { fill: none; stroke: var(--value); stroke-width: 1; } .band { fill: var(--band); } .label { fill: var(--label); } .alarm { fill: var(--alarm); } .incident { fill: var(--incident); }
.gained td:first-child, .lost td:first-child { font-weight: 600; } .lost { opacity: .65; } small { opacity: .75; }`;

/** The result as one page that needs nothing else: no script, no address, every word escaped. */
export function reportHtml(result: BacktestResult, title: string, settings: string): string {
  const drawn = result.series.filter((series) => series.picture);
  const left = result.series.length - drawn.length;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <style>
          ${{ html: style }}
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        <p>${settings}</p>
        <h2>Incidents</h2>
        ${incidentTable(result)}
        <h2>Series</h2>
        <p>
          <small
            >The line is the value, the blue area the band it was judged by, red dots are alarms, yellow is what was
            labelled, the bar above an incident of the service. Times are UTC.</small
          >
        </p>
        ${drawn.map((series) => figure(series, result.incidents))}
        ${left > 0 ? html`<p>${left} more series are not drawn.</p>` : ''}
      </body>
    </html> `;
  return page.html;
}

function incidentTable({ incidents, comparison }: BacktestResult): Html {
  const rows = comparison
    ? [
        ...comparison.gained.map((incident) => ({ mark: 'gained', incident })),
        ...comparison.lost.map((incident) => ({ mark: 'lost', incident })),
        ...comparison.kept.map((incident) => ({ mark: 'kept', incident })),
      ]
    : incidents.map((incident) => ({ mark: '', incident }));
  if (rows.length === 0) return html`<p>None.</p>`;
  return html`<table>
    <tr>
      <th></th>
      <th>opened</th>
      <th>service</th>
      <th>what</th>
      <th>lasted</th>
      <th>labelled</th>
    </tr>
    ${rows.map(
      ({ mark, incident }) =>
        html`<tr class="${mark}">
          <td>${mark}</td>
          <td>${minuteOf(incident.openedAt)}</td>
          <td>${incident.service}</td>
          <td>${incident.type}, ${incident.severity}: ${causesOf(incident)}<br /><small>${incident.reason}</small></td>
          <td>${lasting(incident.lastAt - incident.onsetAt)}</td>
          <td>${labelWord(incident)}</td>
        </tr> `,
    )}
  </table>`;
}

const labelWord = ({ labelled }: JudgedIncident) => (labelled === null ? '' : labelled ? 'yes' : 'no');

function figure(series: SeriesOutcome, incidents: JudgedIncident[]): Html {
  const { service, rows, events } = series;
  const own = incidents.filter((incident) => incident.service === service);
  const words = `${rows} rows, ${perDay(events.found + events.falseAlarms, events)} alarms a day${series.hasLabels ? `, ${eventsOf(events)}` : ''}`;
  return html`<figure>
    <figcaption><b>${service}</b> ${metricWithLabels(series)} <small>${words}</small></figcaption>
    ${drawSeries(series.picture!.stretches(), own)}
  </figure> `;
}
