import { openDb, type Db } from '@nightshift/db';
import { runStage, startRelay, startSweeper, type StageHandler } from '@nightshift/lifecycle';
import { connectQueue, type Consumer, type Queue } from '@nightshift/queue';
import { errorMessage, NightshiftError, type ServiceName, type Stage, type StagesOf } from '@nightshift/types';
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { CommonConfig, readConfig } from './config.ts';
import { createApp } from './http.ts';
import { createLogger, type Logger } from './logger.ts';
import { createMetrics, exportQueueDepth, type Metrics } from './metrics.ts';

/** What a service is given. */
export type Deps = {
  name: ServiceName;
  log: Logger;
  db: Db;
  queue: Queue;
  metrics: Metrics;
  /** Routes go here; `/healthz`, `/readyz` and `/metrics` are there already. */
  app: FastifyInstance;
  common: CommonConfig;
  /** Offers owed jobs at once instead of at the next round: call it after a step outside a stage handler. */
  kick(): void;
};

/** A handler for every stage of the service: leaving one out does not compile. */
export type StageHandlers<S extends ServiceName> = { [K in StagesOf<S>]: StageHandler };
export type Running<S extends ServiceName> = { stages: StageHandlers<S>; close(): Promise<void> };

export type ServiceSpec<S extends ServiceName, C extends z.ZodObject> = {
  name: S;
  config: C;
  start: (config: z.infer<C>, deps: Deps) => Promise<Running<S>>;
};

export type Started = { port: number; close(): Promise<void> };

/** Starts a service from an environment: pool, queue, relay, sweeper, its own part, its stage consumers, HTTP. */
export async function startService<S extends ServiceName, C extends z.ZodObject>(
  spec: ServiceSpec<S, C>,
  env: Record<string, string | undefined>,
): Promise<Started> {
  const common = readConfig(CommonConfig, env);
  const config = readConfig(spec.config, env);
  const log = createLogger(spec.name, common.LOG_LEVEL);
  const metrics = createMetrics(spec.name);
  const onError = (err: unknown) => {
    metrics.countError(err instanceof NightshiftError ? err.code : 'INTERNAL');
    log.error({ err }, errorMessage(err));
  };
  const db = openDb({ url: common.DATABASE_URL, name: `nightshift ${spec.name}`, max: common.DATABASE_POOL, onError });
  const queue = connectQueue({
    url: common.QUEUE_URL ?? common.DATABASE_URL,
    name: spec.name,
    log,
    observe: (outcome) => metrics.observeJob(outcome),
  });
  exportQueueDepth(metrics, queue, spec.name);
  const relay = startRelay({ db, queue, onError });
  const sweeper = startSweeper({ db, onError });
  const app = createApp({ log, metrics, db, queue });
  const deps: Deps = { name: spec.name, log, db, queue, metrics, app, common, kick: () => relay.kick() };

  const running = await spec.start(config, deps);
  const consumers = Object.entries(running.stages).map(([stage, handler]) =>
    consumeStage(deps, stage as Stage, handler as StageHandler),
  );
  const port = await listen(app, common);
  log.info({ port }, 'listening');

  return {
    port,
    async close() {
      await app.close();
      await Promise.all(consumers.map((consumer) => consumer.close(common.SHUTDOWN_MS / 2)));
      await running.close();
      await Promise.all([relay.close(), sweeper.close()]);
      await queue.close(common.SHUTDOWN_MS / 4);
      await db.close();
    },
  };
}

function consumeStage(deps: Deps, stage: Stage, handler: StageHandler): Consumer {
  return deps.queue.consume(stage, async (job, context) => {
    const outcome = await runStage(deps.db, job, context.signal, handler);
    deps.log.info(
      { incident: job.incidentId, job: context.id, outcome },
      `${stage} ${typeof outcome === 'string' ? outcome : 'again later'}`,
    );
    deps.kick();
  });
}

async function listen(app: FastifyInstance, common: CommonConfig): Promise<number> {
  try {
    await app.listen({ host: common.HOST, port: common.PORT });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new NightshiftError('PORT_IN_USE', `port ${common.PORT} on ${common.HOST} is in use`, { cause: error });
  }
  return (app.server.address() as { port: number }).port;
}

/** The whole of a `main.ts`: config, start, signals. Exit code 2 for a wrong configuration, 1 for a failed start. */
export async function main<S extends ServiceName, C extends z.ZodObject>(spec: ServiceSpec<S, C>): Promise<void> {
  const started = await startService(spec, process.env).catch((error: unknown) => {
    const coded = error instanceof NightshiftError ? error : null;
    process.stderr.write(
      `${spec.name}: ${coded ? `${coded.code}: ${coded.message}\n${coded.help}` : (error as Error).stack}\n`,
    );
    return process.exit(coded?.code === 'CONFIG_INVALID' || coded?.code === 'FILE_INVALID' ? 2 : 1);
  });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    const deadlineMs = readConfig(CommonConfig, process.env).SHUTDOWN_MS;
    setTimeout(() => process.exit(1), deadlineMs).unref();
    started.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${spec.name}: shutdown failed: ${errorMessage(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
