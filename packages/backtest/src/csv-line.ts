/** A cell, in quotes where it needs them (RFC 4180). */
export const csvCell = (cell = ''): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

export const csvLine = (cells: readonly string[]): string => cells.map(csvCell).join(',');
