import type uPlot from 'uplot';
import type { Marker } from '../text/moments.ts';
import type { Tone } from '../text/words.ts';

const colours: Record<Tone, string> = {
  calm: '#93a1b3',
  good: '#62c98d',
  note: '#e6b455',
  bad: '#ff7a7a',
  auto: '#b0a4ff',
};
const gapPx = 6;

/** Draws a dashed line and a word for each marker that lies on the chart; words that would overlap go one row down. */
export function drawMarkers(chart: uPlot, markers: Marker[]): void {
  const { ctx, bbox } = chart;
  const pixels = devicePixelRatio;
  const rowEnds: number[] = [];
  ctx.save();
  ctx.font = `${11 * pixels}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  for (const { at, text, tone } of markers) {
    const x = Math.round(chart.valToPos(at, 'x', true));
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
    const width = ctx.measureText(text).width;
    const left =
      x + width + 2 * gapPx * pixels > bbox.left + bbox.width ? x - width - gapPx * pixels : x + gapPx * pixels;
    let row = rowEnds.findIndex((end) => end < left);
    if (row === -1) row = rowEnds.length;
    rowEnds[row] = Math.max(left + width, x) + gapPx * pixels;
    const top = bbox.top + (2 + row * 15) * pixels;
    ctx.strokeStyle = colours[tone];
    ctx.fillStyle = colours[tone];
    ctx.lineWidth = pixels;
    ctx.setLineDash([3 * pixels, 3 * pixels]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(text, left, top);
  }
  ctx.restore();
}
