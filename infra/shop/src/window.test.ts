import { describe, expect, it } from 'vitest';
import { createWindow, type Seen } from './window.ts';

const browse: Seen = { status: 200, latencyMs: 5 };
const order: Seen = { status: 200, latencyMs: 9, checkout: { paid: true, declined: false, items: 3 } };
const declined: Seen = { status: 200, latencyMs: 9, checkout: { paid: false, declined: true, items: 0 } };
const broken: Seen = { status: 500, latencyMs: 9, checkout: { paid: false, declined: false, items: 0 } };
const refused: Seen = { status: 0, latencyMs: 1 };
const report = (...groups: [Seen, number][]) => {
  const window = createWindow();
  for (const [seen, times] of groups) for (let i = 0; i < times; i++) window.add(seen);
  return window.take(1_000);
};

describe('what a client sees', () => {
  it('of a healthy shop', () => {
    expect(report([browse, 10], [order, 10])).toEqual({
      availability: 1,
      requests_per_second: 20,
      orders_per_second: 10,
      http_error_ratio: 0,
      http_latency_p95_ms: 9,
      checkout_success_ratio: 1,
      payment_declined_ratio: 0,
      basket_items: 3,
    });
  });
  it('of errors: the shop answers, but wrongly', () => {
    expect(report([browse, 10], [broken, 10])).toMatchObject({
      availability: 1,
      http_error_ratio: 0.5,
      checkout_success_ratio: 0,
    });
  });
  it('of silent refusals: no error anywhere, yet nothing is sold', () => {
    expect(report([browse, 10], [declined, 10])).toMatchObject({
      availability: 1,
      http_error_ratio: 0,
      payment_declined_ratio: 1,
      basket_items: 0,
    });
  });
  it('of a dead process: no ratio is made up where nothing answered', () => {
    const values = report([refused, 20])!;
    expect(values.availability).toBe(0);
    expect(values).not.toHaveProperty('http_error_ratio');
    expect(values).not.toHaveProperty('http_latency_p95_ms');
  });
  it('waits for more where a ratio of a few requests would say little, and then covers the whole time', () => {
    const window = createWindow();
    for (let i = 0; i < 9; i++) window.add(browse);
    expect(window.take(1_000)).toBeNull();
    window.add(browse);
    expect(window.take(1_000)).toMatchObject({ requests_per_second: 5 });
  });
});
