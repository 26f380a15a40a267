import { z } from 'zod';
import type { DiagnosticResult } from './diagnostic.ts';

const FactValue = z.union([z.number(), z.string(), z.boolean(), z.null()]);

/** One fact before an action and after it. `status` of a check counts as one of its facts. */
export const FactChange = z.object({
  check: z.string(),
  target: z.string(),
  fact: z.string(),
  before: FactValue,
  after: FactValue,
});
export type FactChange = z.infer<typeof FactChange>;

const listed = 50;
/** Numbers that moved by less than this part of the greater one are noise. */
const least = 0.1;

type Looked = Pick<DiagnosticResult, 'check' | 'target' | 'status' | 'facts'>;

/** What two rounds of checks found differently: changes of status first. Checks that only one of them has are left out. */
export function factChanges(before: Looked[], after: Looked[]): FactChange[] {
  const earlier = new Map(before.map((each) => [`${each.check} ${each.target}`, each]));
  const changes = after.flatMap(({ check, target, status, facts }) => {
    const was = earlier.get(`${check} ${target}`);
    if (!was) return [];
    const pairs = [['status', was.status, status] as const].concat(
      Object.keys({ ...was.facts, ...facts }).map(
        (fact) => [fact, was.facts[fact] ?? null, facts[fact] ?? null] as never,
      ),
    );
    return pairs
      .filter(([, old, now]) => differs(old, now))
      .map(([fact, old, now]) => ({ check, target, fact, before: old, after: now }));
  });
  return changes.sort((a, b) => Number(b.fact === 'status') - Number(a.fact === 'status')).slice(0, listed);
}

type Value = FactChange['before'];

function differs(before: Value, after: Value): boolean {
  if (typeof before !== 'number' || typeof after !== 'number') return before !== after;
  return Math.abs(before - after) > least * Math.max(Math.abs(before), Math.abs(after));
}
