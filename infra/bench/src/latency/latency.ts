import { setTimeout as pause } from 'node:timers/promises';
import { step } from '@nightshift/lifecycle';
import { connectQueue } from '@nightshift/queue';
import { inHouse, type House } from '../ground/house.ts';
import { layGround, startService, type Ground } from '../ground/nightshift.ts';
import { nightshiftFiles } from './configuration.ts';
import { startListener } from './listener.ts';
import { startPeers } from './peers.ts';
import { openSender, type Sender } from './sender.ts';
import { makeTrials, percentile, type Trial } from './trials.ts';

export const latencyUsage = `bench latency [--quick] [--json] [--for SECONDS]
  From a signal that goes wrong to what is done about it. First, idle: from the push of the sample to the start of the incident's first
  job. Then, of signals that are looked at once a second: from the flip to the first action and to the webhook that tells a person, and,
  for the same flips, to the webhook of Prometheus (scrape and evaluation each second) and Alertmanager (group_wait 0). Takes some 3 minutes.
  --quick        few trials: to try it out
  --json         figures as JSON; the last line holds the ratios
  --for SECONDS  how long a signal must be wrong, for both (default 0)`;

type Spread = { trials: number; missed: number; p50: number | null; p99: number | null };

const trialMs = 20_000;

export async function benchLatency(options: { quick: boolean; forSeconds: number }) {
  const { quick, forSeconds } = options;
  const idle = makeTrials('paged', quick ? 10 : 200).map((trial) => ({ ...trial, service: `idle-${trial.service}` }));
  const acted = makeTrials('acted', quick ? 2 : 10);
  const paged = makeTrials('paged', quick ? 3 : 30);
  const trials = [...acted, ...paged];
  return inHouse('latency', async (house) => {
    const listener = await startListener(house, () => trials);
    const ground = await layGround(house, nightshiftFiles(acted, forSeconds));
    const env = {
      ACT_URL: listener.url,
      PAGER_URL: `${listener.url}/page`,
      PAGER_SECRET: `whsec_${Buffer.from('the pager of the benchmark').toString('base64')}`,
    };
    const ingest = await startService(house, ground, 'ingest');
    await startService(house, ground, 'detector');
    const sender = openSender(house, ingest.port, ground.token);
    // Without `for` alone is the path itself what takes the time.
    const pushToJob = forSeconds === 0 ? await measureIdle(house, ground, sender, idle) : [];

    for (const name of ['diagnostics', 'runbook-executor', 'escalation'] as const)
      await startService(house, ground, name, env);
    const peers = await startPeers(house, listener, forSeconds);
    await flipAll(house, sender, trials, peers !== null);

    const since = (kind: Trial['kind'] | null, field: 'actionAt' | 'pageAt' | 'alertAt') =>
      trials
        .filter((trial) => kind === null || trial.kind === kind)
        .map((t) => (t[field] === null ? null : t[field] - t.flippedAt));
    const flipToAction = spread(since('acted', 'actionAt'));
    const flipToWebhook = spread(since('paged', 'pageAt'));
    const alertmanager = peers ? spread(since(null, 'alertAt')) : null;
    const flipToWebhookVsAlertmanager =
      alertmanager?.p50 && flipToWebhook.p50 ? flipToWebhook.p50 / alertmanager.p50 : null;
    const spreads = { pushToJob: spread(pushToJob), flipToAction, flipToWebhook, alertmanager };
    return {
      forSeconds,
      spreads,
      ratios: { flipToWebhookVsAlertmanager },
      ms: { pushToJobP99: spreads.pushToJob.p99 },
    };
  });
}

/** From the push of a service's samples to the start of the job that their incident owes, one after the other, nothing else going on. */
async function measureIdle(house: House, ground: Ground, sender: Sender, trials: Trial[]): Promise<(number | null)[]> {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const queue = connectQueue({ url: ground.redis.url, name: 'bench', log });
  const { db } = ground.postgres;
  let started = (_service: string) => {};
  const consumer = queue.consume('diagnose', async ({ incidentId }) => {
    const at = performance.now();
    const [incident] = await db.query<{ service: string }>('SELECT service FROM incident WHERE id = $1', [incidentId]);
    startedAt.set(incident!.service, at);
    started(incident!.service);
    await step(db, incidentId, { kind: 'resolved_by_person', by: 'bench', reason: 'measured' }, { actor: 'bench' });
  });
  const startedAt = new Map<string, number>();
  await sender.teach(trials);
  house.say(`push to first job, ${trials.length} times`);
  const found: (number | null)[] = [];
  for (const trial of trials) {
    await pause(50 + Math.random() * 100, undefined, { signal: house.signal });
    trial.flipped = true;
    const job = new Promise<void>((resolve) => (started = (service) => service === trial.service && resolve()));
    const pushedAt = performance.now();
    await sender.push([trial]);
    await Promise.race([job, pause(trialMs, undefined, { ref: false })]);
    const at = startedAt.get(trial.service);
    found.push(at === undefined ? null : at - pushedAt);
  }
  await consumer.close();
  await queue.close();
  return found;
}

/** Flips one service after the other at any moment of the second, and waits until everybody has told. */
async function flipAll(house: House, sender: Sender, trials: Trial[], peers: boolean): Promise<void> {
  await sender.teach(trials);
  const stopPushing = sender.pushEachSecond(trials);
  await pause(5_000, undefined, { signal: house.signal }); // some scrapes, so that nobody starts cold
  for (const [i, trial] of trials.entries()) {
    await pause(500 + Math.random() * 1_000, undefined, { signal: house.signal });
    trial.flippedAt = performance.now();
    trial.flipped = true;
    const told = () =>
      (trial.kind === 'acted' ? trial.actionAt : trial.pageAt) !== null && (!peers || trial.alertAt !== null);
    const deadline = performance.now() + trialMs;
    while (!told() && performance.now() < deadline) await pause(10, undefined, { signal: house.signal });
    trial.flipped = false;
    if (i % 5 === 4 || !told())
      house.say(`flip ${i + 1} of ${trials.length}${told() ? '' : ': not everybody has told'}`);
  }
  await stopPushing();
}

function spread(durations: (number | null)[]): Spread {
  const known = durations.filter((each) => each !== null);
  return {
    trials: durations.length,
    missed: durations.length - known.length,
    p50: percentile(known, 0.5),
    p99: percentile(known, 0.99),
  };
}

export function latencyReport({ forSeconds, spreads, ratios }: Awaited<ReturnType<typeof benchLatency>>): string {
  const names: Record<keyof typeof spreads, string> = {
    pushToJob: 'push to the first job of the incident, idle',
    flipToAction: 'flip to the first action',
    flipToWebhook: 'flip to the webhook that pages',
    alertmanager: 'flip to the webhook, Prometheus and Alertmanager',
  };
  const ms = (value: number | null) => (value === null ? '-' : `${value.toFixed(value < 100 ? 1 : 0)} ms`);
  const rows = (Object.keys(names) as (keyof typeof spreads)[]).map((key) => {
    const of = spreads[key];
    return `| ${names[key]} | ${of ? `${ms(of.p50)} | ${ms(of.p99)} | ${of.trials} | ${of.missed}` : 'skipped | | |'} |`;
  });
  return [
    `signals looked at each second, \`for\` ${forSeconds} s`,
    '',
    '| | p50 | p99 | trials | missed |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    `flip to webhook against Prometheus and Alertmanager, p50: ${ratios.flipToWebhookVsAlertmanager?.toFixed(2) ?? 'skipped'} (goal: at most 0.7)`,
  ].join('\n');
}
