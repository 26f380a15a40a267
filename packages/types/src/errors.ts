/**
 * Every coded error of Nightshift: its HTTP status (or 0 where it never leaves a process) and what to do about it.
 * `docs/errors.md` has a line for each; a test compares.
 */
export const errorCodes = {
  CONFIG_INVALID: {
    status: 0,
    help: 'Correct the named variable or field; `nightshift config` lists every variable with its meaning.',
  },
  FILE_INVALID: {
    status: 0,
    help: 'Correct the file at the named line and field. The last good version stays in force.',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    help: 'Check that Postgres runs and that DATABASE_URL is right. Nothing was lost: try again.',
  },
  DATABASE_DATA_BROKEN: {
    status: 0,
    help: 'The embedded database folder cannot be used. Restore it, or move it away to start afresh.',
  },
  COMMIT_UNCERTAIN: {
    status: 503,
    help: 'The connection broke during COMMIT. Read the row again by its id before you repeat.',
  },
  ISOLATION_UNEXPECTED: {
    status: 500,
    help: 'A transaction ran at another isolation level than asserted. Remove default_transaction_isolation overrides.',
  },
  QUEUE_UNAVAILABLE: {
    status: 503,
    help: 'Check that the queue of QUEUE_URL is reachable. Nothing was accepted: send again.',
  },
  QUEUE_BEHIND: { status: 503, help: 'The detectors are behind. Send again after Retry-After, or add detectors.' },
  INGEST_BUSY: {
    status: 503,
    help: 'Too many bytes are in flight. Send again after Retry-After with fewer requests at once, or add ingest processes.',
  },
  TOKEN_LIMITED: {
    status: 503,
    help: 'This token sends more than it may. Send the same again after Retry-After, or raise its limit with `nightshift token limit`.',
  },
  JOB_INVALID: {
    status: 0,
    help: 'The job payload or id does not fit the job catalogue. It is in the quarantine queue.',
  },
  JOB_TIMEOUT: {
    status: 0,
    help: 'The job took longer than the catalogue allows and was cancelled; it is tried again.',
  },
  PORT_IN_USE: { status: 0, help: 'Stop what listens on that port, or choose another one.' },
  ALREADY_RUNNING: {
    status: 0,
    help: 'Stop it with Ctrl-C, or start this one on another folder: NIGHTSHIFT_DATA_DIR.',
  },
  NOT_RUNNING: { status: 0, help: 'Start it with `npm start`, or set DATABASE_URL to reach another installation.' },
  NODE_TOO_OLD: { status: 0, help: 'Install Node 20.19 or newer.' },
  AUTH_MISSING: { status: 401, help: 'Send `Authorization: Bearer <token>`. `nightshift token create` makes one.' },
  AUTH_INVALID: {
    status: 401,
    help: 'The token is unknown, expired or revoked. `nightshift token create` makes a new one.',
  },
  AUTH_SCOPE: { status: 403, help: 'The token lacks the scope this needs.' },
  CSRF_REFUSED: { status: 403, help: 'Reload the page and try again.' },
  SESSION_MISSING: { status: 401, help: 'Log in to the console with the token that its start printed.' },
  LOGIN_REFUSED: { status: 401, help: 'Use the value of CONSOLE_TOKEN, and a name of letters and digits.' },
  LOGIN_LIMITED: { status: 429, help: 'Wait a minute, then log in again with the value of CONSOLE_TOKEN.' },
  CONSOLE_BUSY: {
    status: 503,
    help: 'Too many pages follow live events. Close some; the others go on by asking again and again.',
  },
  DEMO_UNAVAILABLE: {
    status: 502,
    help: 'The demo shop does not answer. Check that it runs and what SHOP_CONTROL_URL and SHOP_CONTROL_TOKEN say.',
  },
  LINK_INVALID: { status: 403, help: 'The link was changed or has expired. Open the incident in the console.' },
  BODY_INVALID: { status: 400, help: 'Correct the named field and send again. Nothing of this request was kept.' },
  MEDIA_UNSUPPORTED: {
    status: 415,
    help: 'Send what the message names: docs/ingest.md has a configuration for each sender.',
  },
  BODY_TOO_LARGE: { status: 413, help: 'Send smaller batches.' },
  SERIES_LIMIT: { status: 429, help: 'Too many series. Drop labels with many values; known series go on.' },
  NOT_FOUND: { status: 404, help: 'Check the id or name.' },
  CONFLICT: { status: 409, help: 'Somebody or something was faster. Read the present state and decide again.' },
  ACTION_REFUSED: {
    status: 0,
    help: 'The provider refused because the target is no longer as planned. A person should look.',
  },
  ACTION_UNSUPPORTED: {
    status: 0,
    help: 'No provider can do this to that target. Correct the runbook or the catalogue.',
  },
  PROVIDER_FAILED: { status: 0, help: 'The provider answered with an error; its text is kept. A person should look.' },
  SCENARIO_UNKNOWN: { status: 404, help: 'Choose one of the scenarios that the message lists.' },
  INTERNAL: { status: 500, help: 'This is a fault of Nightshift. The log has the details under the same code.' },
} as const satisfies Record<string, { status: number; help: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** An error that a person or a program can act on: a stable code, one sentence of what happened, and what to do. */
export class NightshiftError extends Error {
  readonly code: ErrorCode;
  readonly help: string;
  readonly status: number;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, { cause: options.cause });
    this.name = 'NightshiftError';
    this.code = code;
    this.help = errorCodes[code].help;
    this.status = errorCodes[code].status;
    this.details = options.details ?? {};
  }
}

/** One sentence for people of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
