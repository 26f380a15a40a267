import type { ActionClass, ActionParams, ActionType, PlannedAction, Target, TargetKind } from '@nightshift/types';
import type { Rollback } from '../rollback.ts';

export type Env = Record<string, string | undefined>;

/** What a plan asks of a provider: which exact call, on the target as it is now. */
export type PlanRequest<T extends Target = Target> = {
  target: T;
  type: ActionType;
  params: ActionParams;
  /** For rollback_deploy: the one way back, resolved from the recorded deployments. */
  rollback: Rollback | null;
  env: Env;
  signal: AbortSignal;
};

export type Call = Pick<PlannedAction, 'params' | 'precondition' | 'class' | 'summary' | 'undo'>;

export type PlanResult =
  | { ok: true; call: Call }
  /** `again`: the target could not be asked just now; it may be worth asking once more. */
  | { ok: false; reason: string; again: boolean };

export type SendRequest<T extends Target = Target> = {
  target: T;
  /** The action's id: the same for every attempt, so that the target can tell a repeat. */
  key: string;
  incidentId: string;
  action: PlannedAction;
  env: Env;
  /** Aborted well before the lease ends. */
  signal: AbortSignal;
};

export type SendResult =
  | { outcome: 'succeeded'; detail: string }
  /** The target is no longer as planned, or forbids it. Nothing happened, and repeating is pointless. */
  | { outcome: 'refused'; detail: string }
  /** It was not done. `again`: the cause may pass. */
  | { outcome: 'failed'; detail: string; again: boolean }
  /** No answer, half an answer, or a part was done: nobody knows. */
  | { outcome: 'uncertain'; detail: string };

/** `ended`: an earlier attempt was under way, was waited for, and ended so. */
export type ProbeResult = 'done' | 'not_done' | 'unknown' | { ended: SendResult };

/** How actions reach one kind of target. Throwing counts as `uncertain` when sending and as a reason when planning. */
export type Provider<T extends Target = Target> = {
  supports: readonly ActionType[];
  plan(request: PlanRequest<T>): Promise<PlanResult>;
  send(request: SendRequest<T>): Promise<SendResult>;
  /** For actions of class `probe`: was the one with this key done? */
  probe?(request: SendRequest<T>): Promise<ProbeResult>;
  /** Whether a rollback could be planned at all; which one, only an incident tells. Changes nothing. */
  couldRollBack?(request: PlanRequest<T>): Promise<PlanResult>;
};

export type ProviderOf<K extends TargetKind> = Provider<Extract<Target, { kind: K }>>;

export const refuse = (reason: string): PlanResult => ({ ok: false, reason, again: false });

export function plannedCall(kind: ActionClass, call: Omit<Call, 'class'>): PlanResult {
  return { ok: true, call: { class: kind, ...call } };
}
