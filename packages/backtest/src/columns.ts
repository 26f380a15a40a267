/** Which cells of a row are what; -1: there is no such column. `values` has one entry, or several in a wide file. */
export type Columns = {
  timestamp: number;
  values: { name: string; cell: number }[];
  label: number;
  part: number;
  metric: number;
  service: number;
  labels: number;
  kind: number;
};

const known = ['timestamp', 'value', 'label', 'anomaly', 'is_anomaly', 'part', 'metric', 'service', 'labels', 'kind'];

/**
 * Finds the columns by name, whatever their order and case. `value` is what is judged; a file without it is wide: every other
 * column that holds a number in the first row is a series of its own. Throws, with the first line, where there is nothing to judge.
 */
export function columnsOf(header: string[], first: string[], path: string): Columns {
  const names = header.map((name) => name.trim().toLowerCase());
  const one = (...wanted: string[]) => wanted.reduce((cell, name) => (cell < 0 ? names.indexOf(name) : cell), -1);
  const value = one('value');
  const isNumber = (cell: number) => (first[cell] ?? '').trim() !== '' && !Number.isNaN(Number(first[cell]));
  const values =
    value >= 0
      ? [{ name: 'value', cell: value }]
      : header
          .map((name, cell) => ({ name: name.trim(), cell }))
          .filter(({ name, cell }) => !known.includes(name.toLowerCase()) && isNumber(cell));
  const timestamp = one('timestamp');
  if (timestamp < 0 || values.length === 0)
    throw new Error(
      `${path}: the first line must name the columns timestamp and value (or columns of numbers), it is "${header.join(',').slice(0, 80)}"`,
    );
  return {
    timestamp,
    values,
    label: one('label', 'anomaly', 'is_anomaly'),
    part: one('part'),
    metric: one('metric'),
    service: one('service'),
    labels: one('labels'),
    kind: one('kind'),
  };
}

/** The number in a cell; NaN where there is none. */
export function numberIn(cell: string | undefined): number {
  return cell === undefined || cell.trim() === '' ? NaN : Number(cell);
}

/** Whether a cell says yes: a number above zero, or `true`. */
export function truthIn(cell: string | undefined): boolean {
  return cell !== undefined && (Number(cell) > 0 || cell.trim().toLowerCase() === 'true');
}
