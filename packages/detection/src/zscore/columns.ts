/**
 * The state of all series, one typed array per field: about 2.2 kB per series, whatever it sends. A series is a row.
 * `window` holds what was learned (the baseline); `point…` what was seen last, with its band, for charts.
 */
export const ring = 60;

const f64 = (perSeries = 1) => ({ make: (rows: number) => new Float64Array(rows * perSeries), perSeries });
const f32 = (perSeries = 1) => ({ make: (rows: number) => new Float32Array(rows * perSeries), perSeries });
const u32 = (perSeries = 1) => ({ make: (rows: number) => new Uint32Array(rows * perSeries), perSeries });

/** Field by field; the order is the order in a snapshot. Changing it means a new snapshot version. */
const fields = {
  seriesId: f64(),
  /** Time of the newest accepted sample; the usual distance between two. */
  lastAt: f64(),
  stepMs: f64(),
  samples: f64(),
  /** A counter's last reading. NaN: none yet. */
  reading: f64(),
  readingAt: f64(),
  /** A run of samples outside the band: its first, its last, how many. 0: none. */
  runAt: f64(),
  runLastAt: f64(),
  runSamples: f64(),
  /** A harmful episode: its first sample, its last. 0: none. */
  episodeAt: f64(),
  harmAt: f64(),
  /** The band before the last adopted shift. NaN: none. */
  formerLow: f64(),
  formerHigh: f64(),
  window: f64(ring),
  pointAt: f64(ring),
  pointValue: f64(ring),
  pointExpected: f32(ring),
  pointLow: f32(ring),
  pointHigh: f32(ring),
  /** Index into the snapshot's list of metric names. */
  metric: u32(),
  /** How many values the window ever took, and the points: the ring's position and, up to 60, its length. */
  learned: u32(),
  points: u32(),
};

type Fields = typeof fields;
export type Columns = { [K in keyof Fields]: ReturnType<Fields[K]['make']> };
export const names = Object.keys(fields) as (keyof Fields)[];

/** Columns with room for so many series, all zero. */
export function makeColumns(rows: number): Columns {
  return Object.fromEntries(names.map((name) => [name, fields[name].make(rows)])) as Columns;
}

/** The same series with more room. */
export function growColumns(columns: Columns, rows: number): Columns {
  const grown = makeColumns(rows);
  for (const name of names) grown[name].set(columns[name]);
  return grown;
}

/** Copies one row over another. */
export function moveRow(columns: Columns, from: number, to: number): void {
  for (const name of names) {
    const size = fields[name].perSeries;
    columns[name].copyWithin(to * size, from * size, (from + 1) * size);
  }
}

/** Makes a row that of a series nothing is known of but its name. */
export function clearRow(columns: Columns, row: number): void {
  for (const name of names) {
    const size = fields[name].perSeries;
    if (name !== 'seriesId' && name !== 'metric') columns[name].fill(0, row * size, (row + 1) * size);
  }
  for (const name of ['reading', 'formerLow', 'formerHigh'] as const) columns[name][row] = NaN;
}

/** The bytes of the first `rows` rows of a field. */
export function columnBytes(columns: Columns, name: keyof Fields, rows: number): Uint8Array {
  const column = columns[name];
  return new Uint8Array(column.buffer, 0, rows * fields[name].perSeries * column.BYTES_PER_ELEMENT);
}
