import { actionLimits, type ActionParams, type ActionType, type Target } from '@nightshift/types';
import { z } from 'zod';

/** What a step of a runbook may say for each action. Anything else is a mistake, and refused rather than ignored. */
const count = z.number().int().min(1).max(100);
const ScaleByAdding = z.strictObject({ add: count.max(actionLimits.instancesAddedPerTarget.max) });
const ScaleToNumber = z.strictObject({ replicas: count });
const ScaleFromTo = z.strictObject({ from: count, replicas: count });
const ClearCache = z.strictObject({ prefix: z.string().min(1).max(128).optional() });
const ClearFolder = z.strictObject({ folder: z.string().min(1).max(1_024).optional() });
const Nothing = z.strictObject({});

export type Checked<T> = { ok: true; value: T } | { ok: false; reason: string };

function check<T extends z.ZodType>(schema: T, params: ActionParams, wants: string): Checked<z.infer<T>> {
  const parsed = schema.safeParse(params);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, reason: `${wants}, not ${show(params)}` };
}

/** NaN and Infinity would read `null` in JSON: a reason must show what was written. */
const show = (params: ActionParams) =>
  `{${Object.entries(params)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`)
    .join(', ')}}`;

/**
 * The absolute number of instances that scaling up aims at, from `current`. A runbook says `add` (1 to 3 more) or `replicas`; never
 * fewer than run now, never more than the limit adds at once.
 */
export function scaleGoal(params: ActionParams, current: number): Checked<number> {
  const most = actionLimits.instancesAddedPerTarget.max;
  const wanted = check(
    z.union([ScaleByAdding, ScaleToNumber]),
    params,
    `scale_up wants { add: 1 to ${most} } or { replicas: a whole number }`,
  );
  if (!wanted.ok) return wanted;
  return withinBounds(current, 'add' in wanted.value ? current + wanted.value.add : wanted.value.replicas);
}

/** Why the catalogue forbids the number of instances that a call aims at, or null. */
export function beyondInstances(target: Target, { replicas }: ActionParams): string | null {
  const allowed = 'instances' in target ? target.instances : undefined;
  if (!allowed || typeof replicas !== 'number') return null;
  if (replicas >= allowed.min && replicas <= allowed.max) return null;
  return `the catalogue allows target "${target.id}" ${allowed.min} to ${allowed.max} instances, not ${replicas}`;
}

/** The same where nobody can ask how many run: the runbook must say it, and the receiver must check it. */
export function declaredScale(params: ActionParams): Checked<{ from: number; to: number }> {
  const wanted = check(ScaleFromTo, params, 'scale_up over http wants { from, replicas }, both whole numbers');
  if (!wanted.ok) return wanted;
  const to = withinBounds(wanted.value.from, wanted.value.replicas);
  return to.ok ? { ok: true, value: { from: wanted.value.from, to: to.value } } : to;
}

function withinBounds(from: number, to: number): Checked<number> {
  const most = actionLimits.instancesAddedPerTarget.max;
  if (to <= from)
    return {
      ok: false,
      reason: `${from} run already: scaling up to ${to} would add none; capacity is never removed during an incident`,
    };
  if (to - from > most)
    return {
      ok: false,
      reason: `limit instancesAddedPerTarget: from ${from} to ${to} adds ${to - from}, at most ${most} are added`,
    };
  return { ok: true, value: to };
}

/** The prefix that a runbook names, if it names one. */
export function cachePrefix(params: ActionParams): Checked<string | undefined> {
  const wanted = check(ClearCache, params, 'clear_cache wants { prefix } or nothing');
  return wanted.ok ? { ok: true, value: wanted.value.prefix } : wanted;
}

/** The folder that a runbook names, if it names one. */
export function cacheFolder(params: ActionParams): Checked<string | undefined> {
  const wanted = check(ClearFolder, params, 'clear_cache wants { folder } or nothing');
  return wanted.ok ? { ok: true, value: wanted.value.folder } : wanted;
}

/** For actions whose every detail is resolved by the plan itself. */
export function noParams(action: string, params: ActionParams): Checked<Record<string, never>> {
  return check(Nothing, params, `${action} takes no parameters`);
}

/** What is wrong with a step's parameters whatever it acts on, or null. What a target accepts is known only when it is planned. */
export function paramsMistake(action: ActionType, params: ActionParams): string | null {
  if (action !== 'scale_up') return null;
  const most = actionLimits.instancesAddedPerTarget.max;
  const wanted = check(
    z.union([ScaleByAdding, ScaleToNumber, ScaleFromTo]),
    params,
    `scale_up wants { add: 1 to ${most} }, { replicas } or { from, replicas }, whole numbers`,
  );
  return wanted.ok ? null : wanted.reason;
}
