import { errorMessage, NightshiftError, type ErrorCode } from '@nightshift/types';

/** What the caller got wrong, and can put right. */
const usage = new Set<ErrorCode>([
  'CONFIG_INVALID',
  'FILE_INVALID',
  'PORT_IN_USE',
  'ALREADY_RUNNING',
  'NOT_RUNNING',
  'SCENARIO_UNKNOWN',
  'NODE_TOO_OLD',
]);

/** 2: something to put right before trying again; 1: it was tried and failed. */
export const exitCodeOf = (error: unknown): number =>
  error instanceof NightshiftError && usage.has(error.code) ? 2 : 1;

/** An error in plain words, with what to do about it. */
export function explain(error: unknown): string {
  if (error instanceof NightshiftError) return `nightshift: ${error.message}.\n${error.help} (${error.code})`;
  return `nightshift: ${errorMessage(error)}`;
}
