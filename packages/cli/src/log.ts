import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where the lines of all processes go: each to a file of its own, the important ones also to the screen. */
export type Log = {
  /** A line of a process's output. */
  line(name: string, text: string): void;
  /** Something this command itself has to say. */
  say(text: string): void;
  /** From now on only files: what is being stopped complains. */
  quiet(): void;
  /** The last lines of a process, for explaining why it would not start. */
  tail(name: string): string[];
};

type Entry = { level?: number; time?: string; msg?: string; err?: { message?: string } };

const fileBytes = 20 * 1024 * 1024;
const tailLines = 20;
const againMs = 30_000;
const remembered = 500;
const warn = 40;
const levels: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

/** `verbose`: every line on the screen, otherwise warnings and errors. A file that passes 20 MB is set aside once, as `.1`. */
export function openLog(options: { dir: string; verbose: boolean; screen: (text: string) => void }): Log {
  mkdirSync(options.dir, { recursive: true });
  const tails = new Map<string, string[]>();
  const calm = createCalm();
  let quiet = false;
  return {
    line(name, text) {
      if (text.trim() === '') return;
      append(join(options.dir, `${name}.log`), `${text}\n`);
      tails.set(name, [...(tails.get(name) ?? []), text].slice(-tailLines));
      const entry = parse(text);
      if (quiet || (!options.verbose && (entry?.level ?? warn) < warn)) return;
      const words = calm(`${name.padEnd(18)} ${pretty(entry, text)}`);
      if (words) options.screen(words);
    },
    say: (text) => options.screen(text),
    quiet() {
      quiet = true;
    },
    tail: (name) => (tails.get(name) ?? []).map((text) => pretty(parse(text), text)),
  };
}

/** Whoever says the same again and again is heard every half a minute, with how often it was. */
function createCalm(): (text: string) => string | null {
  const heard = new Map<string, { at: number; again: number }>();
  return (text) => {
    const known = heard.get(text);
    if (known && Date.now() - known.at < againMs) {
      known.again++;
      return null;
    }
    if (heard.size >= remembered) heard.clear();
    heard.set(text, { at: Date.now(), again: 0 });
    return known && known.again > 0 ? `${text} (${known.again} times more)` : text;
  };
}

function pretty(entry: Entry | null, text: string): string {
  if (!entry?.msg) return text;
  const cause = entry.err?.message ?? '';
  const words = cause.includes(entry.msg) ? cause : cause === '' ? entry.msg : `${entry.msg}: ${cause}`;
  return `${levels[entry.level ?? 30] ?? ''} ${words}`;
}

function parse(text: string): Entry | null {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text) as Entry;
  } catch {
    return null;
  }
}

function append(file: string, text: string) {
  try {
    if (statSync(file).size > fileBytes) renameSync(file, `${file}.1`);
  } catch {
    // no file yet
  }
  appendFileSync(file, text);
}
