/** The edge: clients of the shop, and what they see of it, pushed to ingest every second. Started by main.ts. */
import { startLoad } from './load.ts';
import { createPusher } from './pusher.ts';
import { samplesOf } from './samples.ts';
import { createWindow } from './window.ts';

const [url = '', ingestUrl = '', ingestToken = ''] = [
  process.env.SHOP_URL,
  process.env.SHOP_INGEST_URL,
  process.env.SHOP_INGEST_TOKEN,
];
/** What main.ts says to the edge: how many times the usual load. */
export type ToEdge = { load: number };

const requestsPerSecond = 45;
const everyMs = 1_000;

const window = createWindow();
const pusher = createPusher({
  url: ingestUrl,
  token: ingestToken,
  log: (message) => console.error(`edge: ${message}`),
});
const load = startLoad({ url, perSecond: requestsPerSecond, onSeen: (seen) => window.add(seen) });

process.on('message', ({ load: times }: ToEdge) => load.setRate(requestsPerSecond * times));
let lastAt = performance.now();
const timer = setInterval(() => {
  const values = window.take(performance.now() - lastAt);
  lastAt = performance.now();
  if (!values) return;
  pusher.push(samplesOf(values, 'edge', Date.now()));
  process.send?.({ report: values });
}, everyMs);

process.on('disconnect', () => {
  clearInterval(timer);
  load.stop();
  pusher.close();
  process.exit(0);
});
