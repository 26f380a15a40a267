import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { answers, freePort, startChild } from '../ground/child.ts';
import { processMeter, startMeters, type Meter } from '../ground/cpu.ts';
import type { House } from '../ground/house.ts';
import { layGround, readCounter, startService } from '../ground/nightshift.ts';
import { startPrometheus } from '../ground/prometheus.ts';
import { startRedis } from '../ground/stores.ts';
import { json, makeLanes, remoteWrite, type BodyMaker } from '../load/bodies.ts';
import { remoteWriteHeaders, sendLanes, type Target } from '../load/send.ts';
import type { BenchSeries } from '../load/series.ts';
import type { Task } from './reference.ts';

/** What one round came to: samples, how long until all were dealt with, processor time by process. */
export type Round = { samples: number; seconds: number; cpuUs: Record<string, number> };
/** Something that takes samples. It was made ready when it was made. */
export type Contender = { name: string; round(): Promise<Round> };

export type Load = {
  series: BenchSeries[];
  steps: number;
  jsonSteps: number;
  prometheusSteps: number;
  referenceSamples: number;
};

/** Connections of a sender: as many as requests hold all series once, so that a series is never on two of them. */
const lanes = 20;
const stepMs = 10_000;
/** Steps that a series is taught before it counts: detectors judge from 30 samples on. */
const lessons = 40;
/** Times lie in the past, ten seconds apart as a scrape's are, and never pass the present. */
const agoMs = 20 * 3_600_000;

/** How often it is asked whether all is judged: to answer costs the detector more than a batch does. */
const lookMs = 100;

/** Sends the next steps of the same series, whatever the format. */
function timeline(series: BenchSeries[]) {
  const startedAt = Math.floor(Date.now() / stepMs) * stepMs - agoMs;
  let step = 0;
  return (maker: BodyMaker, steps: number) => {
    const from = step;
    step += steps;
    return makeLanes(maker, series, { from, to: step, timeOf: (each) => startedAt + each * stepMs }, lanes);
  };
}

async function timed(samples: number, meters: Meter[], work: () => Promise<unknown>): Promise<Round> {
  const spent = startMeters(meters);
  const started = performance.now();
  await work();
  return { samples, seconds: (performance.now() - started) / 1_000, cpuUs: spent() };
}

/** Nightshift from HTTP to judged samples, for each of its formats. */
export async function nightshift(house: House, load: Load, detectionYaml: string) {
  const ground = await layGround(house, { 'detection.yaml': detectionYaml });
  const ingest = await startService(house, ground, 'ingest');
  const detector = await startService(house, ground, 'detector');
  const meters = [ingest.meter, ground.redis.meter, detector.meter, ground.postgres.meter];
  const authorization = `Bearer ${ground.token}`;
  const next = timeline(load.series);
  let sentInAll = 0;

  /** Resolves when as many samples were judged as were sent, and rejects when one was not taken. */
  const judged = async () => {
    for (;;) {
      house.signal.throwIfAborted();
      const outcomes = await readCounter([detector], 'nightshift_samples_total', 'outcome');
      const all = [...outcomes.values()].reduce((sum, count) => sum + count, 0);
      if (all < sentInAll) {
        await pause(lookMs);
        continue;
      }
      const taken = ['normal', 'learning', 'anomalous'].reduce((sum, state) => sum + (outcomes.get(state) ?? 0), 0);
      if (taken === sentInAll) return;
      throw new Error(`of ${sentInAll} samples only ${taken} were judged: ${JSON.stringify([...outcomes])}`);
    }
  };
  const push = async (target: Target, bodies: Buffer[][], steps: number) => {
    sentInAll += steps * load.series.length;
    await sendLanes(target, bodies, house.signal);
    await judged();
  };
  const contender = (
    name: string,
    maker: BodyMaker,
    steps: number,
    path: string,
    headers: Record<string, string>,
  ): Contender => {
    const target = { port: ingest.port, path, headers: { authorization, ...headers } };
    return {
      name,
      async round() {
        const bodies = next(maker, steps);
        return timed(steps * load.series.length, meters, () => push(target, bodies, steps));
      },
    };
  };
  const remote = contender('nightshift, remote write', remoteWrite, load.steps, '/api/v1/write', remoteWriteHeaders);
  const byJson = contender('nightshift, JSON', json, load.jsonSteps, '/v1/samples', {
    'content-type': 'application/json',
  });
  house.say(`teaching Nightshift ${load.series.length} series`);
  await contender('', remoteWrite, lessons, '/api/v1/write', { authorization, ...remoteWriteHeaders }).round();
  await contender('', json, 5, '/v1/samples', { authorization, 'content-type': 'application/json' }).round();
  return { remote, json: byJson, detector };
}

/** Prometheus as a receiver of remote write; null where it is not installed. */
export async function prometheus(house: House, load: Load): Promise<Contender | null> {
  const server = await startPrometheus(house, 'global: {}', ['--web.enable-remote-write-receiver']);
  if (!server) return null;
  const target = { port: server.port, path: '/api/v1/write', headers: remoteWriteHeaders };
  const next = timeline(load.series);
  house.say('warming Prometheus');
  await sendLanes(target, next(remoteWrite, lessons), house.signal);
  return {
    name: 'Prometheus, remote write',
    async round() {
      const bodies = next(remoteWrite, load.prometheusSteps);
      return timed(load.prometheusSteps * load.series.length, [server.meter], () =>
        sendLanes(target, bodies, house.signal),
      );
    },
  };
}

/** A fastify that does nothing but parse the JSON. */
export async function parseOnly(house: House, load: Load): Promise<Contender> {
  const port = await freePort();
  const ready = () => answers(`http://127.0.0.1:${port}/readyz`);
  const child = await startChild(house, 'parse-only', { ...script('parse-only'), env: { PORT: String(port) } }, ready);
  const target = { port, path: '/v1/samples', headers: { 'content-type': 'application/json' } };
  const next = timeline(load.series);
  await sendLanes(target, next(json, 5), house.signal);
  return {
    name: 'fastify that parses, JSON',
    async round() {
      const bodies = next(json, load.jsonSteps);
      const meters = [processMeter('fastify', child.pid)];
      return timed(load.jsonSteps * load.series.length, meters, () => sendLanes(target, bodies, house.signal));
    },
  };
}

/** The reference design on a Redis of its own; no HTTP before it. */
export async function reference(house: House, load: Load): Promise<Contender> {
  const redis = await startRedis(house, 'redis of the reference');
  const started = { ...script('reference'), env: { REDIS_URL: redis.url }, ipc: true };
  let isReady = false;
  const child = await startChild(house, 'reference', started, async (process) => {
    process.once('message', () => (isReady = true));
    return isReady;
  });
  const series = load.series.length;
  house.say('filling the lists of the reference design');
  await ask(child.process, { kind: 'fill', series });
  const meters = [processMeter('node', child.pid), redis.meter];
  const samples = load.referenceSamples;
  return {
    name: 'reference design, in process',
    round: () => timed(samples, meters, () => ask(child.process, { kind: 'judge', series, samples })),
  };
}

async function ask(child: ChildProcess, task: Task): Promise<void> {
  child.send(task);
  const ended = new AbortController();
  const [outcome] = await Promise.race([
    once(child, 'message', { signal: ended.signal }),
    once(child, 'exit', { signal: ended.signal }).then(() => [undefined]),
  ]).finally(() => ended.abort());
  if (outcome === undefined) throw new Error('the reference design ended by itself');
}

const script = (name: string) => ({
  file: process.execPath,
  args: [fileURLToPath(new URL(`${name}.js`, import.meta.url))],
});
