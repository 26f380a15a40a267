import { join } from 'node:path';
import swagger from '@fastify/swagger';
import {
  createTokenCheck,
  watchClassification,
  watchYamlFolder,
  type Deps,
  type Running,
  type TokenScope,
} from '@nightshift/runtime';
import { errorMessage, inputLimits, newId, NightshiftError } from '@nightshift/types';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { readBodiesAsJson } from './body.ts';
import { startClock } from './clock.ts';
import type { Config } from './config.ts';
import { openGate } from './gate.ts';
import { createGroupCommit } from './group-commit.ts';
import { listenForSilence } from './heartbeats/listen.ts';
import { openKinds } from './kinds.ts';
import { createIngestMetrics } from './metrics.ts';
import { aboutRoutes } from './routes/about.ts';
import { alertsRoutes } from './routes/alerts.ts';
import { authorize, authorizeEvent } from './routes/authorize.ts';
import { argoCdRoute, gitHubRoute, pagerDutyChangeRoute } from './routes/changes.ts';
import { cloudEventsRoute } from './routes/cloudevents.ts';
import { deploymentsRoute } from './routes/deployments.ts';
import { openDoor } from './routes/door.ts';
import { heartbeatsRoutes } from './routes/heartbeats.ts';
import { otlpRoute } from './routes/otlp.ts';
import { pagerDutyRoute } from './routes/pagerduty.ts';
import { remoteWriteRoute } from './routes/remote-write.ts';
import { samplesRoute } from './routes/samples.ts';
import { webhooksRoute } from './routes/webhooks.ts';
import { eventCost, openSenders } from './senders.ts';
import { openSeriesRegistry } from './series.ts';
import { followSelectors } from './service-of.ts';
import { openStore, type Store } from './store.ts';
import { Mapping } from './webhooks/mapping.ts';

const group = { maxSamples: 5_000, maxWaitMs: 20 };
/** A series kept by the bytes of its labels takes about as much memory as this many names and label values. */
const stepsPerSeries = 4;

/** Takes samples and deployments over HTTP; samples go to the detectors in packed jobs, one per shard and flush. */
export async function startIngest(config: Config, deps: Deps): Promise<Running<'ingest'>> {
  const { app, db, log, queue } = deps;
  const onError = (err: unknown) => log.warn({ err }, errorMessage(err));
  const store = openStore(db);
  const shards = await settleShards(store, config.SHARD_COUNT);
  const metrics = createIngestMetrics(deps.metrics);
  const kinds = openKinds(store);
  const { serviceOf, close: closeSelectors } = await followSelectors(deps);
  const rules = await watchClassification(deps.common.NIGHTSHIFT_CONFIG_DIR, log, { orShipped: true });
  const classification = () => rules.current();
  const limits = { maxSeries: config.NIGHTSHIFT_MAX_SERIES, cachedSteps: config.INGEST_SERIES_CACHE };
  const registry = await openSeriesRegistry(store, limits, serviceOf, { shards, kinds });
  const clock = await startClock(db, onError);
  const gate = openGate(queue, {
    shards,
    limits: {
      maxLagMs: config.INGEST_MAX_LAG_MS,
      maxWaitingJobs: config.INGEST_MAX_WAITING_JOBS,
      maxInFlightBytes: config.INGEST_INFLIGHT_BYTES,
    },
    onError,
  });
  const senders = openSenders(
    {
      samplesPerSecond: config.INGEST_TOKEN_SAMPLES_PER_SECOND,
      newSeriesPerSecond: config.INGEST_TOKEN_NEW_SERIES_PER_SECOND,
      maxSeries: config.INGEST_TOKEN_MAX_SERIES,
      inFlightBytes: Math.max(inputLimits.bodyBytes, config.INGEST_INFLIGHT_BYTES / 2),
    },
    ({ name }, limit) => metrics.limited(name, limit),
  );
  const commit = createGroupCommit({
    ...group,
    shards,
    send: sender(deps),
    observe: (flush) => metrics.flushed(flush),
  });
  metrics.watch({ gate, registry });
  const silence = listenForSilence(db, { classification, kick: deps.kick, onError });

  const folder = join(deps.common.NIGHTSHIFT_CONFIG_DIR, 'webhooks');
  const mappings = await watchYamlFolder(folder, Mapping, log, { optional: true });

  await app.register(swagger, { openapi, transform: jsonSchemaTransform });
  aboutRoutes(app);
  const samples = { clock, door: openDoor(gate, senders, commit), group: commit, registry, kinds, metrics, senders };
  const alerts = { clock, db, metrics, senders, serviceOf, classification, kick: deps.kick };
  const changes = { clock, metrics, store };
  app.decorateRequest('sender');
  const checkToken = createTokenCheck(store.activeTokens);
  /** Routes of their own, behind a token with a scope. */
  const behind = (scope: TokenScope, routes: (inner: FastifyInstance) => void) =>
    app.register(async (inner) => {
      readBodiesAsJson(inner);
      inner.addHook('onRequest', authorize(checkToken, senders, scope));
      routes(inner);
    });
  const asEvents = (inner: FastifyInstance) =>
    inner.addHook('onRequest', async (request) => senders.spend(request.sender, eventCost));
  const cachedSeries = config.INGEST_SERIES_CACHE / stepsPerSeries;
  await behind('samples', (inner) => samplesRoute(inner, { ...samples, cachedSeries }));
  await behind('samples', (inner) => otlpRoute(inner, samples));
  await behind('samples', (inner) => remoteWriteRoute(inner, { ...samples, cachedSeries }));
  await behind('alerts', (inner) => alertsRoutes(inner, alerts));
  await behind('alerts', (inner) => heartbeatsRoutes(asEvents(inner), alerts));
  await behind('changes', (inner) => argoCdRoute(asEvents(inner), changes));
  await behind('changes', (inner) => deploymentsRoute(asEvents(inner), changes));
  // What they bring may be either.
  await behind('ingest', (inner) => webhooksRoute(inner, { ...alerts, ...changes, mappings }));
  await behind('ingest', (inner) => cloudEventsRoute(inner, { ...alerts, ...changes }));

  // These prove themselves by what is in the body.
  const inBody = authorizeEvent(checkToken, senders);
  await app.register(async (scope) => {
    readBodiesAsJson(scope);
    pagerDutyRoute(scope, { ...alerts, authorizeEvent: inBody });
    pagerDutyChangeRoute(scope, { ...changes, authorizeEvent: inBody });
    await scope.register(async (inner) => gitHubRoute(inner, { ...changes, secrets: config.INGEST_GITHUB_SECRETS }));
  });

  return {
    stages: {},
    async close() {
      await Promise.all([
        commit.close(),
        gate.close(),
        clock.close(),
        silence.close(),
        closeSelectors(),
        rules.close(),
        mappings.close(),
      ]);
    },
  };
}

/** The number of shards, the same for good: series would change their shard, and detectors their history, with it. */
async function settleShards(store: Store, wanted: number | undefined): Promise<number> {
  const settled = await store.shardCount(wanted);
  if (wanted === undefined || wanted === settled) return settled;
  throw new NightshiftError(
    'CONFIG_INVALID',
    `SHARD_COUNT is ${wanted}, but this installation was started with ${settled} shards and keeps them: set it to ${settled} or leave it out`,
  );
}

/** Sends packed batches under ids that are this process's own. */
function sender({ queue }: Deps): (shard: number, batch: string) => Promise<void> {
  const processId = newId('mbr');
  let sequence = 0;
  return (shard, batch) =>
    queue.send('samples', { v: 1, shard, batch }, { id: `${processId}-${(sequence += 1)}`, shard });
}

const openapi = {
  openapi: '3.1.0',
  info: { title: 'Nightshift ingest', version: '1', description: 'Push samples and deployments to Nightshift.' },
  components: { securitySchemes: { token: { type: 'http' as const, scheme: 'bearer' } } },
  security: [{ token: [] }],
};
