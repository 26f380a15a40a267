import { minuteOf, short } from './format.ts';
import { html, type Html } from './html.ts';
import type { Stretch } from './picture.ts';

const size = { width: 960, height: 150, top: 14, bottom: 16 };

/** A series as a picture: values, the band they were judged by, alarms, labels, and the incidents of its service. */
export function drawSeries(stretches: Stretch[], incidents: { openedAt: number; lastAt: number }[]): Html {
  if (stretches.length === 0) return html`<p>no sample that counts</p>`;
  const [from, to] = [stretches[0]!.from, stretches.at(-1)!.to];
  const { low, high } = rangeOf(stretches);
  const x = (at: number) => round(((at - from) / (to - from || 1)) * size.width);
  const y = (value: number) => {
    const inside = Math.min(high, Math.max(low, value));
    return round(size.top + (1 - (inside - low) / (high - low)) * (size.height - size.top - size.bottom));
  };
  const box = (kind: string, start: number, end: number, top: number, height: number) =>
    html`<rect
      class="${kind}"
      x="${x(start)}"
      y="${top}"
      width="${Math.max(1.5, x(end) - x(start))}"
      height="${height}"
    />`;
  const labelled = stretches
    .filter((each) => each.labelled)
    .map((each) => box('label', each.from, each.to, size.top, size.height - size.top - size.bottom));
  const bands = known(stretches).map((run) => {
    const above = run.map((each) => `${x(each.from)},${y(each.high)} ${x(each.to)},${y(each.high)}`);
    const below = run.toReversed().map((each) => `${x(each.to)},${y(each.low)} ${x(each.from)},${y(each.low)}`);
    return html`<polygon class="band" points="${[...above, ...below].join(' ')}" />`;
  });
  const line = stretches.map((each) => `${x(each.from)},${y(each.least)} ${x(each.to)},${y(each.greatest)}`).join(' ');
  const alarms = stretches
    .filter((each) => each.alarm)
    .map((each) => {
      const value = each.greatest - each.expected > each.expected - each.least ? each.greatest : each.least;
      const words = `alarm at ${minuteOf(each.from)}: ${short(value)} instead of ${short(each.expected)}`;
      return html`<circle class="alarm" cx="${x(each.from)}" cy="${y(value)}" r="3"><title>${words}</title></circle>`;
    });
  const seen = incidents.filter((incident) => incident.lastAt >= from && incident.openedAt <= to);
  return html`<svg viewBox="0 0 ${size.width} ${size.height}" role="img">
    ${labelled}${bands}
    <polyline class="value" points="${line}" />
    ${alarms}
    ${seen.map((incident) => box('incident', Math.max(from, incident.openedAt), Math.min(to, incident.lastAt), 4, 5))}
    <text x="2" y="${size.top + 8}">${short(high)}</text>
    <text x="2" y="${size.height - size.bottom - 2}">${short(low)}</text>
    <text x="2" y="${size.height - 3}">${minuteOf(from)}</text>
    <text x="${size.width - 2}" y="${size.height - 3}" text-anchor="end">${minuteOf(to)}</text>
  </svg>`;
}

/** All values, and as much of the band as is not far away from them. */
function rangeOf(stretches: Stretch[]): { low: number; high: number } {
  let [least, greatest, lowest, highest] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const each of stretches) {
    least = Math.min(least, each.least);
    greatest = Math.max(greatest, each.greatest);
    if (each.low < lowest) lowest = each.low;
    if (each.high > highest) highest = each.high;
  }
  const margin = (greatest - least) / 2 || Math.abs(least) / 10 || 1;
  return {
    low: Math.min(least, Math.max(lowest, least - margin)),
    high: Math.max(greatest, Math.min(highest, greatest + margin)),
  };
}

/** Runs of stretches whose band is known. */
function known(stretches: Stretch[]): Stretch[][] {
  const runs: Stretch[][] = [];
  let open = false;
  for (const each of stretches) {
    const has = !Number.isNaN(each.low) && !Number.isNaN(each.high);
    if (has && open) runs.at(-1)!.push(each);
    else if (has) runs.push([each]);
    open = has;
  }
  return runs;
}

const round = (value: number) => Math.round(value * 10) / 10;
