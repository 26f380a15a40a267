import { errorMessage, type CheckStatus } from '@nightshift/types';

/** The code that the system or the server gave, from the innermost cause: `ECONNREFUSED`, `28P01` ... */
export function innermostCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { cause, errors, code } = error as { cause?: unknown; errors?: unknown[]; code?: unknown };
  // Several addresses were tried for one name: the first tells enough.
  return innermostCode(cause) ?? innermostCode(errors?.[0]) ?? (typeof code === 'string' ? code : undefined);
}

const refusals = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE']);

/**
 * What a failed connection tells of its target. Refused or reset: something answered for it, and it does not serve: down. No such
 * name, no route, nobody answered at all: that may be us, so unknown.
 */
export function judgeConnection(error: unknown): { status: CheckStatus; output: string } {
  const code = innermostCode(error);
  const text = code && !errorMessage(error).includes(code) ? `${errorMessage(error)} (${code})` : errorMessage(error);
  return code && refusals.has(code)
    ? { status: 'down', output: `nothing serves there: ${text}` }
    : { status: 'unknown', output: `could not be reached from here: ${text}` };
}
