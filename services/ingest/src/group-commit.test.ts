import { eventually } from '@nightshift/testkit';
import { decodeBatch, type Batch } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { createGroupCommit } from './group-commit.ts';

type Sent = { shard: number; ids: number[]; finish(error?: Error): void };

/** A queue whose every answer the test gives. */
function queue(options: { shards?: number; maxSamples?: number; maxWaitMs?: number } = {}) {
  const sent: Sent[] = [];
  const group = createGroupCommit({
    shards: 1,
    maxSamples: 100,
    maxWaitMs: 60_000,
    ...options,
    send: (shard, batch) =>
      new Promise((resolve, reject) => {
        sent.push({
          shard,
          ids: [...decodeBatch(batch).seriesIds],
          finish: (error) => (error ? reject(error) : resolve()),
        });
      }),
  });
  const put = (...ids: number[]) => outcome(group.put(rows(ids), ids.length));
  /** One whole request. */
  const request = (...ids: number[]) => {
    group.enter();
    const result = put(...ids);
    group.leave();
    return result;
  };
  return { group, sent, put, request };
}

const rows = (ids: number[]): Batch => ({
  seriesIds: Uint32Array.from(ids),
  timestamps: Float64Array.from(ids),
  values: Float64Array.from(ids),
});

function outcome(work: Promise<void>) {
  const result = { state: 'waiting', settled: Promise.resolve() };
  result.settled = work.then(
    () => void (result.state = 'queued'),
    (error: Error) => void (result.state = error.message),
  );
  return result;
}

describe('group commit', () => {
  it('sends at once when nobody else is in the house, and answers when the queue has it', async () => {
    const { sent, request } = queue();
    const result = request(1, 2);
    expect(sent.map(({ ids }) => ids)).toEqual([[1, 2]]);
    await Promise.resolve();
    expect(result.state).toBe('waiting');
    sent[0]!.finish();
    await result.settled;
    expect(result.state).toBe('queued');
  });

  it('waits for everybody in the house and sends them together', async () => {
    const { group, sent, put } = queue();
    group.enter();
    group.enter();
    put(1);
    group.leave();
    expect(sent).toEqual([]);
    put(2);
    group.leave();
    expect(sent.map(({ ids }) => ids)).toEqual([[1, 2]]);
  });

  it('does not wait for a slow one longer than it may', async () => {
    const { group, sent, request } = queue({ maxWaitMs: 5 });
    group.enter();
    request(1);
    expect(sent).toEqual([]);
    await eventually(() => expect(sent.map(({ ids }) => ids)).toEqual([[1]]), { everyMs: 1 });
  });

  it('sends a full job without waiting for anybody', () => {
    const { group, sent, put } = queue({ maxSamples: 3 });
    group.enter();
    put(1, 2, 3, 4);
    expect(sent.map(({ ids }) => ids)).toEqual([[1, 2, 3]]);
  });

  it('keeps a series in its shard, and has one job of a shard on its way at a time', async () => {
    const { sent, request } = queue({ shards: 2 });
    request(1, 2, 3);
    request(5);
    request(7);
    expect(sent.map(({ shard, ids }) => [shard, ids])).toEqual([
      [0, [2]],
      [1, [1, 3]],
    ]);
    sent[1]!.finish();
    await eventually(() => expect(sent.map(({ shard, ids }) => [shard, ids]).slice(2)).toEqual([[1, [5, 7]]]));
  });

  it('answers a request only when all of its shards are queued, and fails it when one is not', async () => {
    const { sent, request } = queue({ shards: 2 });
    const result = request(1, 2);
    sent[0]!.finish();
    await Promise.resolve();
    expect(result.state).toBe('waiting');
    sent[1]!.finish(new Error('queue down'));
    await result.settled;
    expect(result.state).toBe('queue down');
  });

  it('tells all who wait behind a failure at once, then works again', async () => {
    const { sent, request } = queue({ maxSamples: 2 });
    const results = [request(1), request(2, 3), request(4)];
    sent[0]!.finish(new Error('queue down'));
    await Promise.all(results.map(({ settled }) => settled));
    expect(results.map(({ state }) => state)).toEqual(['queue down', 'queue down', 'queue down']);
    expect(sent).toHaveLength(1);
    const later = request(9);
    await eventually(() => expect(sent.at(-1)!.ids).toEqual([9]));
    sent.at(-1)!.finish();
    await later.settled;
    expect(later.state).toBe('queued');
  });

  it('does not send rows of an earlier job again', async () => {
    const { sent, request } = queue();
    request(1, 2, 3);
    request(4);
    sent[0]!.finish();
    await eventually(() => expect(sent).toHaveLength(2));
    expect(sent[1]!.ids).toEqual([4]);
  });

  it('sends what waits before it closes, and refuses afterwards', async () => {
    const { group, sent, put } = queue();
    group.enter();
    const result = put(1);
    const closed = group.close();
    sent[0]!.finish();
    await closed;
    await result.settled;
    expect(result.state).toBe('queued');
    await expect(group.put(rows([2]), 1)).rejects.toThrow('shutting down');
  });

  it('takes a request without samples', async () => {
    const { sent, request } = queue();
    const result = request();
    await result.settled;
    expect([result.state, sent]).toEqual(['queued', []]);
  });
});
