/** Conditions on what diagnostics found. Pure. */
import type { DiagnosticResult } from './diagnostic.ts';
import type { CheckedCondition } from './incident.ts';
import type { FactCondition, Runbook } from './runbook.ts';

/** What of a diagnosis conditions look at. */
export type Found = Pick<DiagnosticResult, 'check' | 'status' | 'facts'>;

/** Longest text kept of what was found. */
const actualChars = 200;

/** A condition as it was found; `actual` is cut where it is long. */
export const checked = (condition: string, actual: string, holds: boolean): CheckedCondition => ({
  condition,
  actual: actual.length <= actualChars ? actual : `${actual.slice(0, actualChars - 1)}…`,
  holds,
});

/** Whether a check found what is wanted, on any of the targets that it looked at. */
export function checkStatus(wanted: Runbook['match']['status'][number], diagnostics: Found[]): CheckedCondition {
  const found = diagnostics.filter((result) => result.check === wanted.check).map((result) => result.status);
  const actual = found.length === 0 ? 'not checked' : unique(found);
  return checked(`${wanted.check} ${wanted.is}`, actual, found.includes(wanted.is));
}

/** Whether a fact is as wanted, on any target. What could not be found out (`unknown`) satisfies nothing, not even `!=`. */
export function checkFact(wanted: FactCondition, diagnostics: Found[]): CheckedCondition {
  const values = factValues(wanted, diagnostics);
  const actual = values.length === 0 ? 'not known' : unique(values.map(String));
  return checked(
    `${wanted.check}.${wanted.fact} ${wanted.op} ${wanted.value}`,
    actual,
    values.some((value) => holds(value, wanted)),
  );
}

/** Whether some series carries a label with exactly this value. */
export function checkLabel(name: string, wanted: string, labels: Record<string, string>[]): CheckedCondition {
  const found = new Set(labels.flatMap((each) => (Object.hasOwn(each, name) ? [each[name]!] : [])));
  return checked(
    `label ${name}=${wanted}`,
    found.size === 0 ? 'without such a label' : [...found].join(', '),
    found.has(wanted),
  );
}

/** What is known of a fact, target by target. */
export function factValues(
  { check, fact }: Pick<FactCondition, 'check' | 'fact'>,
  diagnostics: Found[],
): (string | number | boolean)[] {
  return diagnostics
    .filter((result) => result.check === check && result.status !== 'unknown')
    .flatMap((result) => (Object.hasOwn(result.facts, fact) ? [result.facts[fact]] : []))
    .filter((value) => value !== undefined && value !== null);
}

/** Values of different types are never equal and never ordered; only numbers are ordered. */
function holds(value: string | number | boolean, { op, value: wanted }: FactCondition): boolean {
  if (typeof value !== typeof wanted) return false;
  if (op === '=') return value === wanted;
  if (op === '!=') return value !== wanted;
  if (typeof value !== 'number' || typeof wanted !== 'number') return false;
  if (op === '>') return value > wanted;
  if (op === '>=') return value >= wanted;
  if (op === '<') return value < wanted;
  return value <= wanted;
}

const unique = (words: string[]) => [...new Set(words)].join(', ');
