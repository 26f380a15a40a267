import type uPlot from 'uplot';
import type { Points } from '../../../src/wire.ts';
import { figure } from '../text/format.ts';
import type { Marker } from '../text/moments.ts';

const colours = {
  value: '#8cc0ff',
  outside: '#ff7a7a',
  band: 'rgba(98, 201, 141, 0.14)',
  bandEdge: 'rgba(98, 201, 141, 0.35)',
  expected: 'rgba(98, 201, 141, 0.65)',
  grid: 'rgba(150, 170, 200, 0.10)',
  axis: '#93a1b3',
};

/** Columns for uPlot: time, value, expected, low, high, and the values outside the band once more, as dots. */
export function columnsOf(points: Points, markers: Marker[]): uPlot.AlignedData {
  const { at, value, expected, low, high } = points;
  const outside = value.map((each, i) => {
    const [floor, ceiling] = [low[i], high[i]];
    return floor != null && ceiling != null && (each < floor || each > ceiling) ? each : null;
  });
  // A marker outside the samples (a deployment before the first one) widens the axis by a point without values, within reason.
  const first = at[0] ?? 0;
  const early = markers.map((marker) => marker.at).filter((time) => time < first && time > first - 15 * 60_000);
  const before = [...new Set(early)].sort((a, b) => a - b);
  const none = before.map(() => null);
  return [
    [...before, ...at],
    [...none, ...value],
    [...none, ...expected],
    [...none, ...low],
    [...none, ...high],
    [...none, ...outside],
  ];
}

const axis: uPlot.Axis = {
  stroke: colours.axis,
  font: '12px system-ui, sans-serif',
  grid: { stroke: colours.grid, width: 1 },
  ticks: { stroke: colours.grid, width: 1, size: 4 },
};

/** Times are epoch ms; the value axis always holds the band and all values, with some air above for the markers' words. */
export function chartOptions(metric: string): Omit<uPlot.Options, 'width' | 'height'> {
  return {
    ms: 1,
    legend: { show: false },
    cursor: { points: { size: 7 }, drag: { x: true, y: false } },
    scales: { x: { time: true }, y: { range: (_chart, low, high) => airy(low, high) } },
    axes: [
      {
        ...axis,
        values: (_chart, splits) => splits.map((at) => new Date(at).toLocaleTimeString('en-GB')),
        space: 80,
        size: 34,
      },
      { ...axis, size: 62, values: (_chart, splits) => splits.map(figure) },
    ],
    bands: [{ series: [4, 3], fill: colours.band }],
    series: [
      {},
      { label: metric, stroke: colours.value, width: 2, points: { show: false } },
      { label: 'expected', stroke: colours.expected, width: 1, dash: [4, 4], points: { show: false } },
      { label: 'low', stroke: colours.bandEdge, width: 1, points: { show: false } },
      { label: 'high', stroke: colours.bandEdge, width: 1, points: { show: false } },
      {
        label: 'outside',
        paths: () => null,
        points: { show: true, size: 5, fill: colours.outside, stroke: colours.outside, width: 0 },
      },
    ],
  };
}

function airy(low: number | null, high: number | null): [number, number] {
  if (low == null || high == null) return [0, 1];
  const height = high - low || Math.abs(high) || 1;
  return [low >= 0 && low < height ? 0 : low - height * 0.05, high + height * 0.22];
}
