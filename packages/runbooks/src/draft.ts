/** From the steps of a runbook to those of a plan, before any target is asked. Pure. */
import {
  checkFact,
  factValues,
  type ActionParam,
  type ActionParams,
  type FactParam,
  type Found,
  type PlannedAction,
  type RunbookStep,
} from '@nightshift/types';
import type { z } from 'zod';

type Branch = NonNullable<RunbookStep['onFailure']>[number];

/** A step that applies: what it says, with its parameters known and the steps it depends on by their places in the plan. */
export type DraftedStep = {
  says: Branch;
  params: ActionParams;
  depends: Pick<PlannedAction, 'insteadOf' | 'when' | 'waitUntil'>;
};
export type Drafted =
  | { ok: true; steps: DraftedStep[]; omitted: { step: string; reason: string }[] }
  | { ok: false; reason: string };

/** Leaves out what does not apply by the facts, fills in parameters from facts, and turns names of steps into places. */
export function draftSteps(steps: RunbookStep[], found: Found[]): Drafted {
  const drafted: DraftedStep[] = [];
  const omitted: { step: string; reason: string }[] = [];
  const placeOf = new Map<string, number>();

  /** Adds a step if it applies. Returns why it cannot be planned, or null. */
  const draft = (says: Branch, name: string, insteadOf?: number): string | null => {
    const reason = inapplicable(says, found, placeOf);
    if (reason !== null) {
      omitted.push({ step: name, reason });
      return null;
    }
    const params = fillIn(says.params, found);
    if (!params.ok) return `step ${name}: ${params.reason}`;
    if (says.id !== undefined) placeOf.set(says.id, drafted.length);
    const when = (says.when?.steps ?? []).flatMap(({ step, is }) =>
      placeOf.has(step) ? [{ step: placeOf.get(step)!, is }] : [],
    );
    const depends = {
      ...(insteadOf === undefined ? {} : { insteadOf }),
      ...(when.length === 0 ? {} : { when }),
      ...(says.waitUntil ? { waitUntil: says.waitUntil } : {}),
    };
    drafted.push({ says, params: params.value, depends });
    return null;
  };

  for (const [i, { onFailure = [], ...says }] of steps.entries()) {
    const name = says.id ?? String(i + 1);
    const place = drafted.length;
    const mistake = draft(says, name);
    if (mistake) return { ok: false, reason: mistake };
    if (drafted.length === place) continue; // left out, and so is what would stand in for it
    for (const [j, branch] of onFailure.entries()) {
      const wrong = draft(branch, branch.id ?? `${name}.${j + 1}`, place);
      if (wrong) return { ok: false, reason: wrong };
    }
  }
  if (drafted.length === 0)
    return {
      ok: false,
      reason: `no step applies: ${omitted.map(({ step, reason }) => `step ${step}: ${reason}`).join('; ')}`,
    };
  return { ok: true, steps: drafted, omitted };
}

/** A step that was left out counts as skipped for those that depend on it. */
function inapplicable({ when }: Branch, found: Found[], placeOf: Map<string, number>): string | null {
  const unmet = when?.facts.map((wanted) => checkFact(wanted, found)).find(({ holds }) => !holds);
  if (unmet) return `wants ${unmet.condition}, is ${unmet.actual}`;
  const missing = when?.steps.find(({ step, is }) => !placeOf.has(step) && is !== 'skipped');
  return missing ? `step ${missing.step} is left out` : null;
}

type Filled<T> = { ok: true; value: T } | { ok: false; reason: string };

function fillIn(params: Branch['params'], found: Found[]): Filled<ActionParams> {
  const filled: ActionParams = {};
  for (const [name, value] of Object.entries(params)) {
    const known = typeof value === 'object' ? fromFact(name, value, found) : { ok: true as const, value };
    if (!known.ok) return known;
    filled[name] = known.value;
  }
  return { ok: true, value: filled };
}

/** One value, of the right type and within the bounds; anything else is a reason not to act. */
function fromFact(name: string, wanted: FactParam, found: Found[]): Filled<z.infer<typeof ActionParam>> {
  const no = (reason: string) => ({
    ok: false as const,
    reason: `${name} from ${wanted.check}.${wanted.fact}: ${reason}`,
  });
  const values = [...new Set(factValues(wanted, found))];
  if (values.length === 0) return no('it is not known');
  if (values.length > 1) return no(`it has several values: ${values.join(', ')}`);
  const [value] = values;
  if ('oneOf' in wanted)
    return typeof value === 'string' && wanted.oneOf.includes(value)
      ? { ok: true, value }
      : no(`${value} is none of ${wanted.oneOf.join(', ')}`);
  const sum = typeof value === 'number' ? value + wanted.plus : Number.NaN;
  return sum >= wanted.min && sum <= wanted.max
    ? { ok: true, value: sum }
    : no(`${sum} is not from ${wanted.min} to ${wanted.max}`);
}
