import { service } from './samples.ts';
import type { Effect, StateFile } from './state.ts';
import type { Workers } from './workers.ts';

/** The shop's one managed process, as the control API shows it. */
export type ProcessView = {
  name: string;
  state: 'running' | 'crashed';
  version: string;
  /** Changes with every start; an action may insist on the one it was planned for. */
  instance: string;
  replicas: number;
  pid: number | null;
  startedAt: number;
};

export type Applied = { key: string; applied: boolean; process: ProcessView };

/** The state of the shop is not the one the caller counted on; nothing was done. */
export class Conflict extends Error {}

export type Supervisor = {
  view(): ProcessView;
  restart(request: { key: string; expectedInstance?: string }): Promise<Applied>;
  deploy(request: { key: string; from: string; to: string }): Promise<Applied>;
  scale(request: { key: string; replicas: number; expectedReplicas?: number }): Promise<Applied>;
  /** What a delivery pipeline does: deploys a version and reports it. */
  release(version: string): Promise<void>;
  /** Back to one good process, where that is not what runs, or where it must be started anew. */
  reset(anew: boolean): Promise<void>;
  /** Writes down what was done to the shop by a fault. */
  note(effect: Omit<Effect, 'at'>): void;
  effects(): Effect[];
  /** Brings up what was running when the last supervisor ended. What had crashed stays down. */
  start(): Promise<void>;
};

export type Deployment = { version: string; previousVersion: string; deployedAt: number };

export const goodVersion = 'v1';

/** Does one thing at a time. What was done and the key it was done under are written in one stroke, before the old process goes. */
export function createSupervisor(options: {
  state: StateFile;
  workers: Workers;
  onDeployed: (deployment: Deployment) => Promise<void>;
}): Supervisor {
  const { state, workers } = options;
  const serial = createSerial();

  const view = (): ProcessView => {
    const { version, replicas, instances, startedAt, ...rest } = state.current();
    return {
      name: service,
      state: rest.state,
      version,
      instance: `${service}-${instances}`,
      replicas,
      pid: workers.pids()[0] ?? null,
      startedAt,
    };
  };
  const replace = (
    next: { version?: string; replicas?: number },
    effect?: Omit<Effect, 'at'>,
    key?: { key: string; request: string },
    committed = () => {},
  ) => {
    const { version = state.current().version, replicas = state.current().replicas } = next;
    return workers.replace(version, replicas, () => {
      const { instances, effects, keys } = state.current();
      const at = Date.now();
      state.change({
        version,
        replicas,
        state: 'running',
        instances: instances + 1,
        startedAt: at,
        effects: effect ? [...effects, { at, ...effect }] : effects,
        keys: key ? { ...keys, [key.key]: key.request } : keys,
      });
      committed();
    });
  };
  const note = (effect: Omit<Effect, 'at'>) =>
    state.change({ effects: [...state.current().effects, { at: Date.now(), ...effect }] });

  /** Runs an action unless its key was used; the same key for something else is a conflict. */
  const once = (key: string, request: object, work: (request: string) => Promise<void>) =>
    serial(async (): Promise<Applied> => {
      const text = JSON.stringify(request);
      const known = state.current().keys[key];
      if (known !== undefined && known !== text) throw new Conflict(`the key ${key} was used for ${known}`);
      if (known === undefined) await work(text);
      return { key, applied: known === undefined, process: view() };
    });

  return {
    view,
    restart: ({ key, expectedInstance }) =>
      once(key, { restart: expectedInstance ?? null }, async (request) => {
        const { instance } = view();
        if (expectedInstance && expectedInstance !== instance)
          throw new Conflict(`the instance is ${instance}, not ${expectedInstance}`);
        await replace({}, { by: 'action', kind: 'restart', key, from: instance }, { key, request });
      }),
    deploy: ({ key, from, to }) =>
      once(key, { from, to }, async (request) => {
        const { version } = state.current();
        if (version !== from) throw new Conflict(`the version is ${version}, not ${from}`);
        await replace({ version: to }, { by: 'action', kind: 'deploy', key, from, to }, { key, request });
      }),
    scale: ({ key, replicas, expectedReplicas }) =>
      once(key, { replicas }, async (request) => {
        const from = String(state.current().replicas);
        if (expectedReplicas !== undefined && String(expectedReplicas) !== from) {
          throw new Conflict(`there are ${from} replicas, not ${expectedReplicas}`);
        }
        await replace({ replicas }, { by: 'action', kind: 'scale', key, from, to: String(replicas) }, { key, request });
      }),
    release: (to) =>
      serial(async () => {
        const { version: from } = state.current();
        let reported = Promise.resolve();
        const report = () => {
          const deployedAt = state.current().startedAt;
          reported = options.onDeployed({ version: to, previousVersion: from, deployedAt });
        };
        await replace({ version: to }, { by: 'fault', kind: 'deploy', from, to }, undefined, report);
        await reported;
      }),
    reset: (anew) =>
      serial(async () => {
        const { version: from, replicas, state: now } = state.current();
        if (!anew && now === 'running' && from === goodVersion && replicas === 1) return;
        await replace({ version: goodVersion, replicas: 1 }, { by: 'undo', kind: 'deploy', from, to: goodVersion });
      }),
    note,
    effects: () => state.current().effects,
    start: () => serial(async () => (state.current().state === 'running' ? replace({}) : undefined)),
  };
}

function createSerial() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
}
