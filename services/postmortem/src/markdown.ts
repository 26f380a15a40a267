/** Line breaks, control characters, and those that turn the direction of text around. */
export const controls = /[\u0000-\u001f\u007f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

/** Text that stays text: Markdown and HTML in it are shown, not obeyed; on one line. */
export function plain(text: string): string {
  return (
    text
      .replace(controls, ' ')
      .trim()
      .replace(/[\\`*_{}[\]()<>#+|~!&]/g, '\\$&')
      // Addresses are not made into links, nor a line's beginning into a list.
      .replace(/:\/\//g, ':\u200b//')
      .replace(/^(\d+)([.)])/, '$1\\$2')
      .replace(/^-/, '\\-')
  );
}

/** Up to four significant digits; what JSON and Markdown know no word for is said in words. */
export function figure(value: number): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : 'minus infinite';
  return String(Number(value.toPrecision(4)));
}

/** `2026-03-01 03:12:07 UTC`. */
export const moment = (at: number) => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** A length of time in the largest two units that say something; a dash where there is none. */
export function lengthOfTime(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

/** A table; cells are Markdown already. */
export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A list item whose text may have further lines (a fenced block): they stay inside of it. First line plain text, fences as they are. */
export function item(text: string): string {
  const [first = '', ...rest] = text.split('\n');
  return [`- ${plain(first)}`, ...rest.map((line) => `  ${line}`)].join('\n');
}
