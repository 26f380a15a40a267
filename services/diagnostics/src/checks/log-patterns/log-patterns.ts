import { open } from 'node:fs/promises';
import { referenced, unknown, type Check, type CheckContext, type Finding, type SubjectOf } from '../../check.ts';
import { printed, runAllowed, runThere } from '../../command.ts';
import { parseLines, patternOf, type LogLine } from './log-lines.ts';

const tailBytes = 1024 * 1024;
const patternsAtMost = 1_000;

type Context = CheckContext<SubjectOf<'log'>>;

/** Error lines since the onset, and kinds of error that were not there before it, in the last mebibyte of a log. */
export const logPatterns: Check<SubjectOf<'log'>, 'log_patterns'> = {
  id: 'log_patterns',
  appliesTo: (subject) => subject.kind === 'log',
  async run(context) {
    const { subject, incident, at } = context;
    const text = await (subject.command ? output(context, subject.command) : tail(context));
    if (text === null) return unknown(`target "${subject.id}" names neither a path, nor a pathEnv, nor a command`);
    return judge(parseLines(text, subject.errorWords, at), incident.onsetAt, at);
  },
};

/** The last mebibyte, from the beginning of a line. */
async function tail(context: Context): Promise<string | null> {
  const { path, pathEnv, ssh } = context.subject;
  const file = path ?? (pathEnv && referenced(context, pathEnv));
  if (!file) return null;
  if (ssh) {
    const text = printed(await runThere(context, ssh, ['tail', '-c', String(tailBytes), '--', file]), 'tail');
    return Buffer.byteLength(text) < tailBytes ? text : fromNextLine(text);
  }
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - tailBytes);
    const wanted = Buffer.alloc(Math.min(size, tailBytes));
    const { bytesRead } = await handle.read(wanted, 0, wanted.length, from);
    const text = wanted.toString('utf8', 0, bytesRead);
    return from > 0 ? fromNextLine(text) : text;
  } finally {
    await handle.close();
  }
}

const fromNextLine = (text: string) => text.slice(text.indexOf('\n') + 1);

const output = async (context: Context, argv: readonly string[]) =>
  printed(await runAllowed(context, argv, context.subject.ssh), argv[0]!);

function judge(lines: LogLine[], onsetAt: number, at: number): Finding<'log_patterns'> {
  const timed = lines.filter((line) => line.at !== null);
  if (lines.length > 0 && timed.length === 0)
    return unknown(`${lines.length} lines, none with a time that is understood`, { linesRead: lines.length });
  const errors = timed.filter((line) => line.isError);
  const before = errors.filter((line) => line.at! < onsetAt);
  const since = errors.filter((line) => line.at! >= onsetAt);
  // Nothing from before the onset was read: whether a kind is new, nobody can say.
  const comparable = timed.some((line) => line.at! < onsetAt);
  const known = new Set(before.map((line) => patternOf(line.text)));
  const fresh = comparable ? countPatterns(since).filter(([pattern]) => !known.has(pattern)) : [];
  const newest = timed.reduce((latest, line) => Math.max(latest, line.at!), 0);
  const facts = {
    linesRead: lines.length,
    errorsSinceOnset: since.length,
    errorsBefore: before.length,
    newPatterns: comparable ? fresh.length : null,
    topPattern: fresh[0]?.[0] ?? null,
    topPatternCount: fresh[0]?.[1] ?? null,
    newestAgeSeconds: newest > 0 ? Math.max(0, Math.round((at - newest) / 1_000)) : null,
  };
  const output = `${since.length} error lines since the onset, ${before.length} before it, in ${lines.length} lines`;
  if (!comparable && since.length > 0)
    return unknown(`${output}; what was read begins after the onset, so what is new cannot be told`, facts);
  if (fresh.length === 0) return { status: 'ok', facts, output: `no new kind of error; ${output}` };
  const list = fresh.slice(0, 5).map(([pattern, count]) => `${count}x ${pattern}`);
  return { status: 'degraded', facts, output: `new since the onset: ${list.join(' | ')}; ${output}` };
}

/** The most frequent first. */
function countPatterns(lines: LogLine[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const pattern = patternOf(line.text);
    if (counts.size < patternsAtMost || counts.has(pattern)) counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}
