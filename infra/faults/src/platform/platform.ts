import { append, readLedger } from './ledger.ts';
import type { Effect } from './messages.ts';

export type Change = { key: string; expectedInstance?: string; replicas?: number; expectedReplicas?: number };
export type Reply = { status: number; body: unknown };

type Process = { starts: number; replicas: number };

/** Three kinds of outside parties, as the catalogue promises them: processes and keyed hooks act once per key, plain hooks each time they are asked. */
export type Platform = {
  view(name: string): object;
  change(name: string, verb: string, body: Change, caller: string): Reply;
  /** `keyed`: honours the idempotency key. */
  hook(name: string, key: string, keyed: boolean, caller: string): Reply;
  page(page: string, incidentId: string): void;
};

/** What the platform is after all it did: `file` holds it, also from before it was killed. `onEffect` hears of each new one. */
export function openPlatform(file: string, now: () => number, onEffect: (effect: Effect) => void): Platform {
  const processes = new Map<string, Process>();
  const keys = new Set<string>();
  const processOf = (name: string) => {
    const known = processes.get(name) ?? { starts: 1, replicas: 1 };
    processes.set(name, known);
    return known;
  };
  const keep = (effect: Effect) => {
    keys.add(effect.key);
    if (effect.verb === 'restart') processOf(effect.target).starts += 1;
    if (effect.verb === 'scale') processOf(effect.target).replicas += effect.quantity;
  };
  readLedger(file).effects.forEach(keep);

  const act = (effect: Omit<Effect, 'at'>) => {
    const done = { ...effect, at: now() };
    append(file, done);
    keep(done);
    onEffect(done);
  };
  const view = (name: string) => {
    const { starts, replicas } = processOf(name);
    return { name, state: 'running', version: 'v1', instance: `${name}-${starts}`, replicas };
  };
  const conflict = (message: string): Reply => ({ status: 409, body: { error: { code: 'CONFLICT', message } } });

  return {
    view,
    change(name, verb, body, caller) {
      const answer = (applied: boolean): Reply => ({
        status: 200,
        body: { key: body.key, applied, process: view(name) },
      });
      if (keys.has(body.key)) return answer(false);
      const it = processOf(name);
      const instance = `${name}-${it.starts}`;
      if (verb === 'restart') {
        if (body.expectedInstance !== undefined && body.expectedInstance !== instance)
          return conflict(`the instance is ${instance}`);
        act({ key: body.key, target: name, verb: 'restart', quantity: 0, caller });
      } else {
        if (body.expectedReplicas !== undefined && body.expectedReplicas !== it.replicas)
          return conflict(`${it.replicas} instances run`);
        act({ key: body.key, target: name, verb: 'scale', quantity: body.replicas! - it.replicas, caller });
      }
      return answer(true);
    },
    hook(name, key, keyed, caller) {
      if (keyed && keys.has(key)) return { status: 200, body: { done: 'before' } };
      act({ key, target: name, verb: 'hook', quantity: 0, caller });
      return { status: 200, body: { done: 'now' } };
    },
    page: (page, incidentId) => append(file, { page, incidentId, at: now() }),
  };
}
