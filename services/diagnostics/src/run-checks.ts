import { setMaxListeners } from 'node:events';
import { redactText } from '@nightshift/runtime';
import {
  errorMessage,
  factType,
  inputLimits,
  type BuiltInCheck,
  type CheckName,
  type DiagnosticResult,
  type Facts,
} from '@nightshift/types';
import { unknown, type Check, type Finding, type Subject, type Surroundings } from './check.ts';

const factChars = 256;

export type Diagnosis = {
  checks: readonly Check[];
  subjects: Subject[];
  surroundings: Surroundings;
  deadlineMs: number;
  signal: AbortSignal;
};

/** Every check on every subject it applies to, all at once. Never throws for a check: what could not be found out is `unknown`. */
export function runChecks({
  checks,
  subjects,
  surroundings,
  deadlineMs,
  signal,
}: Diagnosis): Promise<DiagnosticResult[]> {
  const started = performance.now();
  setMaxListeners(0, signal); // each check listens to it
  const pairs = subjects.flatMap((subject) =>
    checks.filter((check) => check.appliesTo(subject)).map((check) => ({ check, subject })),
  );
  return Promise.all(
    pairs.map(async ({ check, subject }) => {
      const from = performance.now();
      const finding = await within(deadlineMs, signal, (deadline) =>
        check.run({ ...surroundings, subject, signal: deadline }),
      );
      return {
        check: nameOf(check, subject),
        target: subject.id,
        status: finding.status,
        facts: clean(finding.facts, (fact) => isDeclared(check, subject, fact)),
        output: bounded(finding.output, inputLimits.outputChars),
        takenAt: Math.round(surroundings.at + (from - started)),
        durationMs: Math.round((performance.now() - from) * 10) / 10,
      };
    }),
  );
}

/**
 * Runs one check under its deadline. The signal lets it cut what it has open; should it not heed even that, it is left behind and
 * its late answer dropped.
 */
async function within(
  deadlineMs: number,
  outer: AbortSignal,
  run: (signal: AbortSignal) => Promise<Finding>,
): Promise<Finding> {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new Error(`no answer within ${deadlineMs} ms, cancelled`)),
    deadlineMs,
  );
  const stop = () => controller.abort(outer.reason);
  if (outer.aborted) stop();
  outer.addEventListener('abort', stop, { once: true });
  const { signal } = controller;
  // A moment for the check itself to say what it knows at its end, e.g. that it was connected.
  const overdue = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => setTimeout(() => reject(signal.reason as Error), 50), { once: true }),
  );
  try {
    return await Promise.race([(async () => run(signal))(), overdue]);
  } catch (error) {
    return unknown(errorMessage(signal.aborted ? signal.reason : error));
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', stop);
  }
}

const nameOf = (check: Check, subject: Subject): CheckName =>
  subject.kind === 'custom' ? `custom.${subject.custom.id}` : (check.id as BuiltInCheck);

const isDeclared = (check: Check, subject: Subject, fact: string): boolean =>
  subject.kind === 'custom'
    ? Object.hasOwn(subject.custom.facts, fact)
    : factType(check.id as BuiltInCheck, fact) !== undefined;

/** Only declared facts; numbers that JSON cannot carry become null here, knowingly; texts are redacted and bounded. */
function clean(facts: Facts, isDeclared: (fact: string) => boolean): Facts {
  const declared = Object.entries(facts).filter(([name]) => isDeclared(name));
  return Object.fromEntries(
    declared.map(([name, value]) => {
      if (typeof value === 'number') return [name, Number.isFinite(value) ? value : null];
      return [name, typeof value === 'string' ? bounded(value, factChars) : value];
    }),
  );
}

/** Redacted first, cut afterwards: half a secret would not be recognised. */
function bounded(text: string, chars: number): string {
  const safe = redactText(text);
  return safe.length <= chars ? safe : `${safe.slice(0, chars - 1)}…`;
}
