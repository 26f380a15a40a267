import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Delivered, Effect, LogLine } from './messages.ts';

/**
 * What a platform did, in a file: written before it answers, so that a killed one knows it again. The judge reads the same file. (A line
 * that was handed to the kernel survives the process; only the machine must stay up.)
 */
export const append = (file: string, line: LogLine): void => appendFileSync(file, `${JSON.stringify(line)}\n`);

export function readLedger(file: string): { effects: Effect[]; pages: Delivered[] } {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const parsed = lines.map((line) => JSON.parse(line) as LogLine);
  return {
    effects: parsed.filter((line): line is Effect => 'key' in line),
    pages: parsed.filter((line): line is Delivered => 'page' in line),
  };
}
