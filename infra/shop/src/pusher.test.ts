import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startIngest, type StandIn } from './ingest.stand-in.ts';
import { createPusher, type Pusher, type PusherOptions, type Sample } from './pusher.ts';

let ingest: StandIn;
let pusher: Pusher;
const said: string[] = [];
const sample = (n: number): Sample => ({ name: 'x', value: n, timestamp: n, labels: { service: 'shop-api' } });
const values = () => ingest.samples.map((each) => each.value);
const open = (options: Partial<PusherOptions> = {}) => {
  pusher = createPusher({ url: ingest.url, token: 't', log: (line) => said.push(line), firstRetryMs: 5, ...options });
  return pusher;
};

beforeEach(async () => {
  said.length = 0;
  ingest = await startIngest();
});
afterEach(async () => {
  pusher.close();
  await ingest.close();
});

describe('pushing', () => {
  it('tries again after 503, 429 and 500, and sends every sample once and in order', async () => {
    ingest.answers.push(503, 429, 500);
    open({ batchSamples: 2 }).push([1, 2, 3, 4, 5].map(sample));
    await pusher.flushed();
    expect(values()).toEqual([1, 2, 3, 4, 5]);
    expect(pusher.dropped()).toBe(0);
  });
  it('waits for an ingest that is not there yet', async () => {
    await ingest.close();
    open().push([sample(1)]);
    ingest = await startIngest(Number(new URL(ingest.url).port));
    await pusher.flushed();
    expect(values()).toEqual([1]);
  });
  it('drops what is refused for good, says so, and goes on', async () => {
    ingest.answers.push(400);
    open({ batchSamples: 1 }).push([1, 2].map(sample));
    await pusher.flushed();
    expect(values()).toEqual([2]);
    expect(said).toEqual([expect.stringContaining('refused 1 samples: 400')]);
  });
  it('keeps the newest when its buffer is full', async () => {
    open({ bufferSamples: 3 }).push([1, 2, 3, 4, 5].map(sample));
    await pusher.flushed();
    expect(values()).toEqual([3, 4, 5]);
    expect(pusher.dropped()).toBe(2);
  });
});
