/** One reading: hours since the start, and what was read. */
export type Reading = { hours: number; value: number };
/** How much is gained an hour, and half the width of its 95% interval. */
export type Slope = { perHour: number; plusMinus: number };

const mostBlocks = 20;
/** Student's t for 95%, to a hundredth from 5 degrees of freedom on. */
const t95 = (freedom: number) => 1.96 + 2.4 / (freedom - 0.7);

/**
 * Least squares through the means of equal parts of the time: what the garbage collector gives back within a part is no gain and no
 * loss, and neighbouring readings are not independent. Needs six readings.
 */
export function slopeOf(readings: Reading[]): Slope {
  const count = Math.min(mostBlocks, Math.floor(readings.length / 2));
  const blocks = Array.from({ length: count }, (_, i) => {
    const part = readings.slice((i * readings.length) / count, ((i + 1) * readings.length) / count);
    return { x: mean(part.map(({ hours }) => hours)), y: mean(part.map(({ value }) => value)) };
  });
  const [x, y] = [mean(blocks.map((block) => block.x)), mean(blocks.map((block) => block.y))];
  const spread = sum(blocks.map((block) => (block.x - x) ** 2));
  const perHour = sum(blocks.map((block) => (block.x - x) * (block.y - y))) / spread;
  const residual = sum(blocks.map((block) => (block.y - y - perHour * (block.x - x)) ** 2));
  return { perHour, plusMinus: t95(count - 2) * Math.sqrt(residual / (count - 2) / spread) };
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]) => sum(values) / values.length;
