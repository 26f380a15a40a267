import { clearRow, makeColumns, ring, type ColumnsOf, type Fields, type Layout, type SharedFields } from './columns.ts';
import { remember } from './points.ts';

/**
 * The rows of an earlier version in today's columns. Fields of the same name are taken over, of those that have become wider
 * the first cells; what did not exist is not known yet.
 */
export function upgrade<F extends Fields & SharedFields>(
  layout: Layout<F>,
  former: { fields: Fields; columns: ColumnsOf<Fields> },
  rows: number,
): ColumnsOf<F> {
  const columns = makeColumns(layout, Math.max(1, rows));
  for (let row = 0; row < rows; row++) {
    clearRow(layout, columns, row);
    for (const [name, { perSeries }] of Object.entries(layout.fields)) {
      const had = former.fields[name]?.perSeries ?? 0;
      for (let i = 0; i < Math.min(had, perSeries); i++)
        columns[name]![row * perSeries + i] = former.columns[name]![row * had + i]!;
    }
    if (former.fields.pointExpected) upgradePoints(columns, former.columns as unknown as FormerPoints, row);
  }
  return columns;
}

type FormerPoints = Record<
  'pointAt' | 'pointValue' | 'pointExpected' | 'pointLow' | 'pointHigh' | 'points',
  ArrayLike<number>
>;

/** Version 1 kept the time and the expected value of every point. */
function upgradePoints(columns: ColumnsOf<SharedFields>, former: FormerPoints, row: number): void {
  const total = former.points[row]!;
  columns.points[row] = 0;
  for (let i = Math.max(0, total - ring); i < total; i++) {
    const cell = row * ring + (i % ring);
    const [expected, low, high] = [former.pointExpected[cell]!, former.pointLow[cell]!, former.pointHigh[cell]!];
    const band = Number.isNaN(low) ? null : { expected, low, high };
    remember(columns, row, former.pointAt[cell]!, former.pointValue[cell]!, band);
  }
}
