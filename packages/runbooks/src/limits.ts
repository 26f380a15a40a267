/** Counting against the limits. Pure: the caller holds the locks and brings every action that counts. */
import { actionLimits, type LimitUse, type PlannedAction } from '@nightshift/types';

/** An action that has used up a part of the limits: whatever became of it, `unknown` and `failed` included. */
export type Use = {
  id: string;
  incidentId: string;
  type: string;
  target: string;
  service: string;
  quantity: number;
  /** Where the target is; null where the catalogue does not say. */
  location: string | null;
  admittedAt: number;
};

/** Instances that an action adds. */
export function quantityOf({ type, params, precondition }: PlannedAction): number {
  return type === 'scale_up' ? Number(params['replicas']) - Number(precondition['replicas']) : 0;
}

/** Why an action may not be done: a short word for metrics and a sentence for people. */
export type Refusal = { reason: string; detail: string };

type Limit = {
  name: keyof typeof actionLimits;
  max: number;
  windowMs: number | null;
  scope: (action: Use) => string;
  applies: (action: Use) => boolean;
  counts: (action: Use, other: Use) => boolean;
  weight: (use: Use) => number;
};

const one = () => 1;
const always = () => true;
const target = (action: Use) => action.target;

const limits: Limit[] = [
  {
    name: 'restartsPerTarget',
    ...actionLimits.restartsPerTarget,
    scope: target,
    applies: (action) => action.type === 'restart_service',
    counts: (action, other) => other.target === action.target && other.type === 'restart_service',
    weight: one,
  },
  {
    name: 'instancesAddedPerTarget',
    ...actionLimits.instancesAddedPerTarget,
    scope: target,
    applies: (action) => action.type === 'scale_up',
    counts: (action, other) => other.target === action.target && other.type === 'scale_up',
    weight: (use) => use.quantity,
  },
  {
    name: 'actionsPerTarget',
    ...actionLimits.actionsPerTarget,
    scope: target,
    applies: always,
    counts: (action, other) => other.target === action.target,
    weight: one,
  },
  {
    name: 'actionsPerService',
    ...actionLimits.actionsPerService,
    scope: (action) => action.service,
    applies: always,
    counts: (action, other) => other.service === action.service,
    weight: one,
  },
  {
    name: 'actionsGlobal',
    ...actionLimits.actionsGlobal,
    scope: () => 'everywhere',
    applies: always,
    counts: always,
    weight: one,
  },
  {
    name: 'locationsAtOnce',
    ...actionLimits.locationsAtOnce,
    scope: ({ location }) => String(location),
    applies: ({ location }) => location !== null,
    counts: (action, other) => other.location !== null && other.location !== action.location,
    weight: one,
  },
  {
    name: 'actionsPerIncident',
    ...actionLimits.actionsPerIncident,
    windowMs: null,
    scope: () => 'this incident',
    applies: always,
    counts: (action, other) => other.incidentId === action.incidentId,
    weight: one,
  },
];

/**
 * The first limit that `action` would break at `at` (epoch ms), given every other action admitted in the longest window. An action
 * admitted exactly one window ago has left it. The sentence says who used it up and when it is free again.
 */
export function exceededLimit(action: Use, others: Use[], at: number): Refusal | null {
  for (const limit of limits) {
    if (!limit.applies(action)) continue;
    const weight = limit.weight(action);
    if (!(weight >= 1)) return { reason: limit.name, detail: `limit ${limit.name}: this would count for ${weight}` };
    const counted = countedBy(limit, action, others, at);
    const used = weightOf(limit, counted);
    // Written so that a NaN never passes.
    if (used + weight <= limit.max) continue;
    return { reason: limit.name, detail: describe(limit, weight, counted, used) };
  }
  return null;
}

/** How each limit that applies to `action` stands at `at`, before it: for people to see. Admission decides. */
export function limitUses(step: number, action: Use, others: Use[], at: number): LimitUse[] {
  return limits
    .filter((limit) => limit.applies(action))
    .map((limit) => ({
      step,
      limit: limit.name,
      scope: limit.scope(action),
      used: weightOf(limit, countedBy(limit, action, others, at)),
      takes: limit.weight(action),
      max: limit.max,
      windowMs: limit.windowMs,
    }));
}

function countedBy(limit: Limit, action: Use, others: Use[], at: number): Use[] {
  return others
    .filter(
      (other) => limit.counts(action, other) && (limit.windowMs === null || other.admittedAt > at - limit.windowMs),
    )
    .sort((a, b) => a.admittedAt - b.admittedAt);
}

/** Which actions, of which incidents. */
export const usersInWords = (uses: readonly Use[]): string =>
  uses.map(({ id, incidentId }) => `${id} (${incidentId})`).join(', ');

const weightOf = (limit: Limit, uses: Use[]) => uses.reduce((sum, use) => sum + limit.weight(use), 0);

function describe(limit: Limit, weight: number, counted: Use[], used: number): string {
  const window = limit.windowMs === null ? 'per incident' : `in ${limit.windowMs / 60_000} min`;
  const by = counted.length === 0 ? 'unused, this asks for more' : `used by ${usersInWords(counted)}`;
  return `limit ${limit.name}: ${limit.max} ${window}, ${by}${free(limit, weight, counted, used)}`;
}

function free(limit: Limit, weight: number, counted: Use[], used: number): string {
  if (limit.windowMs === null || !(weight <= limit.max)) return '';
  let left = used;
  for (const use of counted) {
    left -= limit.weight(use);
    if (left + weight <= limit.max) return `, free at ${new Date(use.admittedAt + limit.windowMs).toISOString()}`;
  }
  return '';
}
