/** The supervisor of the shop: its control API, its api processes, and the edge that keeps them under load. */
import { fork, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { readShopConfig, type ShopConfig } from './config.ts';
import { createControl, type LastReport } from './control.ts';
import { reportDeployment } from './deployments.ts';
import type { ToEdge } from './edge.ts';
import { createFaults } from './faults.ts';
import { healthyHistory } from './history.ts';
import { createPusher } from './pusher.ts';
import { openState } from './state.ts';
import { createSupervisor } from './supervisor.ts';
import { createWorkers } from './workers.ts';

const log = (message: string) => console.error(`shop: ${message}`);
const script = (name: string) => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
const host = '127.0.0.1';
const edgeRestartMs = 1_000;
const stopMs = 6_000;

const config = (() => {
  try {
    return readShopConfig(process.env);
  } catch (error) {
    log((error as Error).message);
    return process.exit(2);
  }
})();
const ingest = { url: config.ingestUrl, token: config.ingestToken, log };
const port = config.port || (await freePort());
const env = {
  SHOP_PORT: String(port),
  SHOP_URL: `http://${host}:${port}`,
  SHOP_INGEST_URL: config.ingestUrl,
  SHOP_INGEST_TOKEN: config.ingestToken,
  SHOP_STATE_DIR: config.stateDir,
};

const state = openState(config.stateDir);
const workers = createWorkers({
  exec: script('api'),
  env,
  onCrash() {
    log('the api process died');
    state.change({ state: 'crashed' });
  },
});
const supervisor = createSupervisor({
  state,
  workers,
  onDeployed: (deployment) => reportDeployment(ingest, deployment),
});
let load = 1;
const faults = createFaults({
  supervisor,
  state,
  workers,
  stateDir: config.stateDir,
  setLoad(times) {
    load = times;
    if (edge.connected) edge.send({ load } satisfies ToEdge);
  },
});
let lastReport: LastReport | null = null;
const control = createControl({ supervisor, faults, token: config.controlToken, lastReport: () => lastReport });

await sendHistory(config);
await supervisor.start();
let edge = startEdge();
await control.listen({ host, port: config.controlPort });
const { port: controlPort } = control.server.address() as { port: number };
process.stdout.write(
  `${JSON.stringify({ level: 30, msg: 'listening', service: 'shop', port: controlPort, shopUrl: env.SHOP_URL })}\n`,
);

let stopping = false;
const stop = async () => {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(1), stopMs).unref();
  edge.disconnect();
  await Promise.all([control.close(), workers.stop()]);
  process.exit(0);
};
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());

/** The edge is no part of the demonstration: it comes back by itself. */
function startEdge(): ChildProcess {
  const child = fork(script('edge'), { env: { ...process.env, ...env } });
  child.send({ load } satisfies ToEdge);
  child.on('message', ({ report }: { report: Record<string, number> }) => {
    lastReport = { at: Date.now(), reports: (lastReport?.reports ?? 0) + 1, values: report };
  });
  child.on('exit', () => {
    if (stopping) return;
    log('the edge died; it is started again');
    setTimeout(() => (edge = startEdge()), edgeRestartMs);
  });
  return child;
}

async function sendHistory({ historySeconds }: ShopConfig) {
  if (historySeconds === 0) return;
  const pusher = createPusher(ingest);
  pusher.push(healthyHistory(Date.now(), historySeconds));
  await pusher.flushed();
}

function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer().on('error', failed);
    server.listen(0, host, () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => found(free));
    });
  });
}
