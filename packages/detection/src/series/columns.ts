/** The state of many series, one typed array per field. A series is a row; every algorithm has a layout of its own. */
type Column = Float64Array | Float32Array | Uint32Array | Uint16Array;
type Field<C extends Column = Column> = { make: (rows: number) => C; perSeries: number };
export type Fields = Record<string, Field>;
export type ColumnsOf<F extends Fields> = { [K in keyof F]: ReturnType<F[K]['make']> };

/**
 * Field by field; the order is the order in a snapshot. Changing it means a new `version`. `magic` tells the algorithms'
 * snapshots apart; `unknown` are the fields that are NaN, not zero, where nothing is known. A series that was silent for
 * longer than `forgetAfterMs` is forgotten: what was learned says nothing about today.
 */
export type Layout<F extends Fields = Fields> = {
  fields: F;
  unknown: string[];
  magic: number;
  version: number;
  /** The fields of earlier versions, whose snapshots load too. */
  former: { version: number; fields: Fields }[];
  forgetAfterMs: number;
};

/** How many points of a series are kept for charts. */
export const ring = 60;

export const f64 = (perSeries = 1) => ({ make: (rows: number) => new Float64Array(rows * perSeries), perSeries });
export const f32 = (perSeries = 1) => ({ make: (rows: number) => new Float32Array(rows * perSeries), perSeries });
export const u32 = (perSeries = 1) => ({ make: (rows: number) => new Uint32Array(rows * perSeries), perSeries });

export const u16 = (perSeries = 1) => ({ make: (rows: number) => new Uint16Array(rows * perSeries), perSeries });

/** What every layout has, whatever its algorithm: the time of samples, counters' readings, points, episodes. */
export type SharedFields = {
  seriesId: Field<Float64Array>;
  /** Time of the newest accepted sample; the usual distance between two. */
  lastAt: Field<Float64Array>;
  stepMs: Field<Float64Array>;
  samples: Field<Float64Array>;
  /** A counter's last reading. NaN: none yet. */
  reading: Field<Float64Array>;
  readingAt: Field<Float64Array>;
  /** A harmful episode: its first sample, its last. 0: none. */
  episodeAt: Field<Float64Array>;
  harmAt: Field<Float64Array>;
  /** Since when every sample was outside its band, on the side that is harm. 0: the last one was not. */
  outsideAt: Field<Float64Array>;
  /** Points for charts: the newest one's time; of each the ms since the one before, and where in its band the expected value is. */
  pointAt: Field<Float64Array>;
  pointGap: Field<Uint32Array>;
  pointValue: Field<Float64Array | Float32Array>;
  pointShare: Field<Uint16Array>;
  pointLow: Field<Float32Array>;
  pointHigh: Field<Float32Array>;
  /** Index into the list of metric names. */
  metric: Field<Uint32Array>;
  /** How many points there ever were: the ring's position and, up to 60, its length. */
  points: Field<Uint32Array>;
};
export type SharedColumns = ColumnsOf<SharedFields>;

/** Columns with room for so many series, all zero. */
export function makeColumns<F extends Fields>(layout: Layout<F>, rows: number): ColumnsOf<F> {
  return Object.fromEntries(
    Object.entries(layout.fields).map(([name, field]) => [name, field.make(rows)]),
  ) as ColumnsOf<F>;
}

/** The same series with more room. */
export function growColumns<F extends Fields>(layout: Layout<F>, columns: ColumnsOf<F>, rows: number): ColumnsOf<F> {
  const grown = makeColumns(layout, rows);
  for (const name of Object.keys(layout.fields)) grown[name]!.set(columns[name]!);
  return grown;
}

/** Copies one row over another. */
export function moveRow<F extends Fields>(layout: Layout<F>, columns: ColumnsOf<F>, from: number, to: number): void {
  for (const [name, { perSeries }] of Object.entries(layout.fields))
    columns[name]!.copyWithin(to * perSeries, from * perSeries, (from + 1) * perSeries);
}

/** Makes a row that of a series nothing is known of but its name. */
export function clearRow<F extends Fields>(layout: Layout<F>, columns: ColumnsOf<F>, row: number): void {
  for (const [name, { perSeries }] of Object.entries(layout.fields)) {
    const nothing = layout.unknown.includes(name) ? NaN : 0;
    if (name !== 'seriesId' && name !== 'metric') columns[name]!.fill(nothing, row * perSeries, (row + 1) * perSeries);
  }
}

/** The bytes of the first `rows` rows of a field. */
export function columnBytes<F extends Fields>(
  layout: Layout<F>,
  columns: ColumnsOf<F>,
  name: string,
  rows: number,
): Uint8Array {
  const column = columns[name]!;
  return new Uint8Array(column.buffer, 0, rows * layout.fields[name]!.perSeries * column.BYTES_PER_ELEMENT);
}
