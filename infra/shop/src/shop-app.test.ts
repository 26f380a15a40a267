import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createBaskets } from './baskets.ts';
import { createPayments } from './payments.ts';
import { migratePrices, readPrices, restorePrices } from './prices.ts';
import { createReceipts } from './receipts.ts';
import { createShop } from './shop-app.ts';

const items = [{ sku: 'tea', quantity: 2 }];
const folder = mkdtempSync(join(tmpdir(), 'shop-prices-'));
afterAll(() => rmSync(folder, { recursive: true }));
const shop = (version: string, secondEdition = false) => {
  const baskets = createBaskets();
  baskets.useSecondEdition(secondEdition);
  const app = createShop({
    version,
    baskets,
    prices: readPrices(folder),
    payments: createPayments(),
    receipts: createReceipts(folder),
  });
  return (payload: object) => app.inject({ method: 'POST', url: '/checkout', payload });
};

describe('the shop', () => {
  it('sells', async () => {
    const answer = await shop('v1')({ customer: 'ann', session: 's1', items });
    expect(answer.json()).toEqual({ order: 'order-1', payment: 'accepted', items: 2, totalCents: 1_300 });
  });
  it('gives members their discount and takes no declined card', async () => {
    const checkout = shop('v1');
    expect(
      (await checkout({ customer: 'ann', session: 's1', items, membership: { discountPercent: 10 } })).json(),
    ).toMatchObject({ totalCents: 1_170 });
    expect((await checkout({ customer: 'ann-broke', session: 's2', items })).json()).toMatchObject({
      payment: 'declined',
      order: null,
    });
  });
  it('bad-deploy: fails for everybody but members, while /healthz is well', async () => {
    const checkout = shop('v2-1');
    expect((await checkout({ customer: 'ann', session: 's1', items })).statusCode).toBe(500);
    expect(
      (await checkout({ customer: 'bob', session: 's2', items, membership: { discountPercent: 10 } })).statusCode,
    ).toBe(200);
    const app = createShop({
      version: 'v2-1',
      baskets: createBaskets(),
      prices: readPrices(folder),
      payments: createPayments(),
      receipts: createReceipts(folder),
    });
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok', version: 'v2-1' });
  });
  it('mystery: loses the basket of whoever is logged in, without any error', async () => {
    const checkout = shop('v1', true);
    const answer = await checkout({ customer: 'ann', session: 's1', items });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ order: null, payment: 'declined', items: 0, totalCents: 0 });
    expect((await checkout({ customer: 's2', session: 's2', items })).json()).toMatchObject({ payment: 'accepted' });
  });
  it('fix-fails: what a version did to the price list outlives it, and no rollback brings it back', async () => {
    migratePrices(folder);
    expect((await shop('v1')({ customer: 'ann', session: 's1', items })).statusCode).toBe(500);
    expect([restorePrices(folder), restorePrices(folder)]).toEqual([true, false]);
    expect((await shop('v1')({ customer: 'ann', session: 's1', items })).statusCode).toBe(200);
  });
  it('overload: so many payments at once, the others wait their turn', async () => {
    const payments = createPayments(2);
    const five = Array.from({ length: 5 }, () => payments.authorise());
    expect(payments.report().waiting).toBe(3);
    await Promise.all(five);
    const { usageRatio, waiting } = payments.report();
    expect(waiting).toBe(0);
    expect(usageRatio).toBeGreaterThan(0.6);
    expect(usageRatio).toBeLessThanOrEqual(1);
  });
  it('refuses what is not for sale', async () => {
    expect(
      (await shop('v1')({ customer: 'ann', session: 's1', items: [{ sku: 'yacht', quantity: 1 }] })).statusCode,
    ).toBe(400);
  });
});
