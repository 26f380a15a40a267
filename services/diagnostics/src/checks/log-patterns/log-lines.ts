/** Reads times and kinds of error out of log lines. Pure. */

export type LogLine = { at: number | null; text: string; isError: boolean };

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const jsonTimes = ['time', 'ts', 'timestamp', '@timestamp'];
const jsonWords = ['msg', 'message', 'error', 'err'];
const lineChars = 4_000;

/**
 * Lines with their times: JSON (pino, zap, ECS ...), ISO 8601 and syslog (RFC 3164, whose year is that of `now`) beginnings, and
 * the access logs of nginx and Apache. A line without one, as in a stack trace, has the time of the line before.
 */
export function parseLines(text: string, errorWords: readonly string[], now: number): LogLine[] {
  const error = new RegExp(`\\b(${errorWords.map(literal).join('|')})`, 'i');
  let at: number | null = null;
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((whole) => {
      const line = whole.slice(0, lineChars);
      const json = line.startsWith('{') ? parseJson(line) : null;
      at = (json ? jsonTime(json) : plainTime(line, now)) ?? at;
      const words = json ? jsonText(json) : line;
      return { at, text: words, isError: json && 'level' in json ? isErrorLevel(json['level']) : error.test(words) };
    });
}

const literal = (word: string) => word.replaceAll(/[^\w ]/g, '\\$&');

/** What lines of one kind have in common: numbers, ids, addresses and quoted things become `#`. */
export function patternOf(text: string): string {
  return text
    .slice(0, 500)
    .replace(/^\[?\d{4}-\d\d-\d\d[T ][\d:.,]+(Z|[+-]\d\d:?\d\d)?\]?\s*/, '')
    .replace(/^[A-Z][a-z]{2} [ \d]\d [\d:]{8}\s+/, '')
    .replaceAll(/"[^"]*"|'[^']*'/g, '#')
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '#')
    .replaceAll(/\b(0x)?(?=[0-9a-f]*\d)[0-9a-f]{6,}\b/gi, '#')
    .replaceAll(/\d+/g, '#')
    .replaceAll(/#([.:/,-]#)+/g, '#')
    .trim()
    .slice(0, 200);
}

function parseJson(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function jsonTime(json: Record<string, unknown>): number | null {
  const value = jsonTimes.map((name) => json[name]).find((each) => each !== undefined);
  // Seconds or milliseconds: 1e11 ms was in 1973, 1e11 s is in the year 5138.
  if (typeof value === 'number') return value > 1e11 ? value : value * 1_000;
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

function jsonText(json: Record<string, unknown>): string {
  const words = jsonWords
    .map((name) => json[name])
    .flatMap((each) => {
      if (typeof each === 'string') return each;
      const message = (each as { message?: unknown } | null | undefined)?.message;
      return typeof message === 'string' ? message : [];
    });
  return words.join(' ') || JSON.stringify(json).slice(0, 200);
}

/** pino counts from 10 (trace) to 60 (fatal), error is 50; others use words. */
const isErrorLevel = (level: unknown) =>
  typeof level === 'number' ? level >= 50 : /^(err|error|fatal|crit|critical|panic|alert|emerg)/i.test(String(level));

function plainTime(line: string, now: number): number | null {
  const head = line.slice(0, 200);
  const iso = /(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)([.,]\d{1,6})?\s?(Z|UTC|[+-]\d\d:?\d\d)?/.exec(head);
  if (iso) {
    const [, date, time, fraction = '', zone = 'Z'] = iso;
    const offset = zone === 'UTC' ? 'Z' : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
    return numberOr(Date.parse(`${date}T${time}${fraction.replace(',', '.')}${offset}`));
  }
  const access = /\[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)\]/.exec(head);
  if (access) return timeOf(access[3]!, access[2]!, access[1]!, `${access[4]}${access[5]}:${access[6]}`);
  const syslog = /^(?:<\d+>)?([A-Z][a-z]{2}) ([ \d]\d) (\d\d:\d\d:\d\d)/.exec(head);
  if (!syslog) return null;
  const at = timeOf(
    String(new Date(now).getUTCFullYear()),
    syslog[1]!,
    syslog[2]!.trim().padStart(2, '0'),
    `${syslog[3]}Z`,
  );
  const year = 365 * 24 * 3_600_000;
  return at !== null && at > now + year / 12 ? at - year : at; // December, read in January
}

function timeOf(year: string, month: string, day: string, rest: string): number | null {
  const number = months.indexOf(month) + 1;
  return number === 0 ? null : numberOr(Date.parse(`${year}-${String(number).padStart(2, '0')}-${day}T${rest}`));
}

const numberOr = (at: number) => (Number.isNaN(at) ? null : at);
