/** One api process of the shop: serves HTTP on the port that main.ts shares among its workers, reports on itself. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createBaskets } from './baskets.ts';
import { createPayments } from './payments.ts';
import { migratePrices, readPrices } from './prices.ts';
import { createPusher } from './pusher.ts';
import { createReceipts, receiptsFolder } from './receipts.ts';
import { samplesOf } from './samples.ts';
import { createShop } from './shop-app.ts';

/** What main.ts says to an api process, and what it answers. */
export type ToApi = { secondEdition: boolean };
export type FromApi = { ready: true };

const env = process.env;
const everyMs = 1_000;
const baskets = createBaskets();
const payments = createPayments();
const version = env.SHOP_VERSION ?? 'v1';
const folder = env.SHOP_STATE_DIR ?? '.';
const prices = version.startsWith('v3-') ? migratePrices(folder) : readPrices(folder);
const receipts = createReceipts(receiptsFolder(folder));
const app = createShop({ version, baskets, prices, payments, receipts });

process.on('message', (message: ToApi) => baskets.useSecondEdition(message.secondEdition));
process.on('SIGTERM', () => {
  setTimeout(() => process.exit(0), 2_000).unref();
  void app.close().then(() => process.exit(0));
});
process.on('SIGINT', () => {}); // Ctrl-C in a terminal reaches the whole group: main.ts decides the order

await app.listen({ host: '127.0.0.1', port: Number(env.SHOP_PORT) });
process.send?.({ ready: true } satisfies FromApi);

// One process speaks for its replicas, so that there is one series however many there are.
if (env.SHOP_REPLICA === '0') {
  const pusher = createPusher({
    url: env.SHOP_INGEST_URL ?? '',
    token: env.SHOP_INGEST_TOKEN ?? '',
    log: (message) => console.error(`api: ${message}`),
  });
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let cpu = process.cpuUsage();
  let lastAt = performance.now();
  const report = async () => {
    const used = process.cpuUsage(cpu);
    const elapsedMs = performance.now() - lastAt;
    cpu = process.cpuUsage();
    lastAt = performance.now();
    const { usageRatio, waiting } = payments.report();
    const values = {
      payment_pool_usage_ratio: usageRatio,
      payment_queue_length: waiting,
      receipt_disk_used_ratio: await receipts.usedRatio(),
      process_memory_mb: process.memoryUsage.rss() / 1e6,
      process_cpu_ratio: (used.user + used.system) / 1e3 / elapsedMs,
      event_loop_delay_p95_ms: delay.percentile(95) / 1e6,
    };
    delay.reset();
    pusher.push(samplesOf(values, 'api', Date.now()));
  };
  setInterval(() => void report(), everyMs).unref();
}
