import { join } from 'node:path';
import { holdDataFolder } from './data-folder.ts';
import { openGround, type Ground } from './ground.ts';
import { openLog, type Log } from './log.ts';
import { assertPortsFree, fixedPorts, freePorts, type Ports } from './ports.ts';
import { oneOfEach, portNames, startSystem, type System } from './system.ts';

/** A system of one's own: data folder, databases, services, shop. */
export type Run = { system: System; ground: Ground; log: Log; dir: string; stop(): Promise<void> };

export type RunOptions = {
  dir: string;
  /** First of the fixed ports; absent: free ones. */
  portBase?: number;
  /** `false`: data need not survive a crash of the machine. */
  durable?: boolean;
  verbose: boolean;
  screen: (text: string) => void;
  env: Record<string, string | undefined>;
  /** Aborts a start under way: what is up already is stopped, and the start rejects. */
  signal?: AbortSignal;
};

/** Starts everything on a data folder, or stops what it had started and throws. */
export async function startRun(options: RunOptions): Promise<Run> {
  const { dir, env, signal } = options;
  const folder = await holdDataFolder(dir);
  const undo: (() => void | Promise<void>)[] = [() => folder.release()];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const log = openLog({ dir: join(dir, 'logs'), verbose: options.verbose, screen: options.screen });
    if (folder.orphans.length > 0)
      log.say(`stopped ${folder.orphans.length} processes that a killed run had left behind`);
    const names = portNames(oneOfEach);
    const ports: Ports = options.portBase ? fixedPorts(names, options.portBase) : await freePorts(names);
    // Not that of Postgres: its own start first stops the one that a killed run left there, and then looks.
    await assertPortsFree(without(ports, 'postgres'));
    log.say(`starting Nightshift and the demo shop; data in ${dir}`);
    const ground = await openGround({ dataDir: dir, env, port: ports.postgres, durable: options.durable });
    undo.push(() => ground.close());
    signal?.throwIfAborted();
    const system = await startSystem({
      ...ground,
      dataDir: dir,
      log,
      ports,
      configDir: env.NIGHTSHIFT_CONFIG_DIR,
      runbooksDir: env.RUNBOOKS_DIR,
      onStart: folder.started,
      signal,
    });
    undo.push(() => system.stop());
    folder.publish({
      databaseUrl: ground.databaseUrl,
      queueUrl: ground.queueUrl,
      console: system.urls.console,
      ingest: system.urls.ingest,
      shopControl: system.urls.shopControl,
      shopControlToken: system.secrets.shopControl,
    });
    return { system, ground, log, dir, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const without = (ports: Ports, name: string): Ports =>
  Object.fromEntries(Object.entries(ports).filter(([other]) => other !== name));
