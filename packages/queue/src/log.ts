/** What this room needs of a logger; pino's has it. */
export type Log = {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
};

const repeatMs = 10_000;

/**
 * A handler for 'error' events: logs the first of a kind and then at most one every 10 s with the number left out. An outage raises
 * the same error many times a second on every connection.
 */
export function calmErrors(log: Log, what: string): (error: Error) => void {
  const seen = new Map<string, { at: number; leftOut: number }>();
  return (error) => {
    const last = seen.get(error.message);
    if (last && Date.now() - last.at < repeatMs) {
      last.leftOut += 1;
      return;
    }
    if (seen.size > 100) seen.clear();
    seen.set(error.message, { at: Date.now(), leftOut: 0 });
    log.warn({ err: error, leftOut: last?.leftOut ?? 0 }, what);
  };
}
