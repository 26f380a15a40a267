import { pino, type Logger } from 'pino';
import { redactText } from './redact.ts';

export type { Logger };

/** JSON lines on stdout, each with its service; every line passes the one redaction. */
export function createLogger(service: string, level: string): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: pino.stdSerializers.err },
    },
    { write: (line: string) => void process.stdout.write(redactText(line)) },
  );
}
