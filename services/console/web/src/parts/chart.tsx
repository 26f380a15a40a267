import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Points } from '../../../src/wire.ts';
import { figure } from '../text/format.ts';
import type { Marker } from '../text/moments.ts';
import { drawMarkers } from './chart-markers.ts';
import { chartOptions, columnsOf } from './chart-options.ts';

type Props = { metric: string; points: Points; markers: Marker[] };
const heightPx = 300;

/** A line, the band it should be in, and vertical markers. Drawn on a canvas; the text beside it says the same in words. */
export function Chart({ metric, points, markers }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const marks = useRef(markers);
  const [under, setUnder] = useState<string>('');
  marks.current = markers;

  useEffect(() => {
    const element = place.current!;
    const made = new uPlot(
      {
        ...chartOptions(metric),
        width: Math.max(200, element.clientWidth),
        height: heightPx,
        hooks: {
          draw: [(chart) => drawMarkers(chart, marks.current)],
          setCursor: [(chart) => setUnder(readingAt(chart))],
        },
      },
      columnsOf(points, markers),
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: Math.max(200, element.clientWidth), height: heightPx }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [metric]);

  useEffect(() => plot.current?.setData(columnsOf(points, markers)), [points, markers.length]);

  return (
    <figure class="chart">
      <div ref={place} role="img" aria-label={inWords(metric, points, markers)} />
      <figcaption>
        <span class="key value">measured</span>
        <span class="key outside">outside</span>
        <span class="key band">normal band</span>
        <span class="key expected">expected</span>
        <span class="number reading">{under}</span>
      </figcaption>
    </figure>
  );
}

function readingAt(chart: uPlot): string {
  const i = chart.cursor.idx;
  if (i == null) return '';
  const [at, value, , low, high] = chart.data.map((column) => column[i]);
  if (at == null || value == null) return '';
  const band = low == null ? '' : `, normal ${figure(low)} to ${figure(high)}`;
  return `${new Date(at).toLocaleTimeString('en-GB')}: ${figure(value)}${band}`;
}

function inWords(metric: string, points: Points, markers: Marker[]): string {
  const values = points.value;
  const said = `${metric}: ${values.length} samples between ${figure(Math.min(...values))} and ${figure(Math.max(...values))}, last ${figure(values.at(-1))}`;
  return `${said}. ${markers.map(({ at, text }) => `${text} at ${new Date(at).toLocaleTimeString('en-GB')}`).join(', ')}`;
}
