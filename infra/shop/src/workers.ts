import cluster, { type Worker } from 'node:cluster';
import type { FromApi, ToApi } from './api.ts';

/** The running api processes: replicas of one version that share one port. */
export type Workers = {
  /** Starts new ones beside the old, calls `commit` when all answer, then stops the old. Throws, with the old in place, when they do not start. */
  replace(version: string, replicas: number, commit: () => void): Promise<void>;
  tell(message: ToApi): void;
  /** kill -9; resolves when they are gone. */
  kill(): Promise<void>;
  pids(): number[];
  stop(): Promise<void>;
};

const startMs = 20_000;
const stopMs = 3_000;

export type WorkersOptions = {
  /** The script of a worker, and its environment apart from version and replica. */
  exec: string;
  env: Record<string, string>;
  /** Called when the last one died without being told to. */
  onCrash: () => void;
};

export function createWorkers(options: WorkersOptions): Workers {
  cluster.setupPrimary({ exec: options.exec, silent: false });
  const expected = new WeakSet<Worker>();
  let live: Worker[] = [];

  const start = async (version: string, replica: number): Promise<Worker> => {
    const worker = cluster.fork({ ...options.env, SHOP_VERSION: version, SHOP_REPLICA: String(replica) });
    worker.on('exit', () => {
      const wasLive = live.includes(worker);
      live = live.filter((other) => other !== worker);
      if (wasLive && live.length === 0 && !expected.has(worker)) options.onCrash();
    });
    await ready(worker);
    return worker;
  };
  const stop = (worker: Worker) => {
    expected.add(worker);
    return stopped(worker);
  };

  return {
    async replace(version, replicas, commit) {
      const started = await Promise.allSettled(
        Array.from({ length: replicas }, (_, replica) => start(version, replica)),
      );
      const workers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      const failed = started.find((result) => result.status === 'rejected');
      if (failed) {
        await Promise.all(workers.map(stop));
        throw failed.reason;
      }
      const old = live;
      live = workers;
      commit();
      await Promise.all(old.map(stop));
    },
    tell: (message) => live.forEach((worker) => worker.send(message)),
    kill: async () => {
      const gone = live.map((worker) => new Promise((resolve) => worker.on('exit', resolve)));
      live.forEach((worker) => worker.process.kill('SIGKILL'));
      await Promise.all(gone);
    },
    pids: () => live.flatMap((worker) => worker.process.pid ?? []),
    stop: async () => void (await Promise.all(live.map(stop))),
  };
}

function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      worker.process.kill('SIGKILL');
      reject(new Error(`the new process did not start within ${startMs} ms`));
    }, startMs);
    worker.on('message', (message: FromApi) => message.ready && (clearTimeout(timer), resolve()));
    worker.on(
      'exit',
      (code) => (clearTimeout(timer), reject(new Error(`the new process ended at its start, with code ${code}`))),
    );
  });
}

function stopped(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (worker.isDead()) return resolve();
    const timer = setTimeout(() => worker.process.kill('SIGKILL'), stopMs);
    worker.on('exit', () => (clearTimeout(timer), resolve()));
    worker.process.kill('SIGTERM');
  });
}
