import { describe, expect, it } from 'vitest';
import { createBaskets } from './baskets.ts';
import { createShop } from './shop-app.ts';

const items = [{ sku: 'tea', quantity: 2 }];
const shop = (version: string, secondEdition = false) => {
  const baskets = createBaskets();
  baskets.useSecondEdition(secondEdition);
  const app = createShop({ version, baskets });
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
    const app = createShop({ version: 'v2-1', baskets: createBaskets() });
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok', version: 'v2-1' });
  });
  it('mystery: loses the basket of whoever is logged in, without any error', async () => {
    const checkout = shop('v1', true);
    const answer = await checkout({ customer: 'ann', session: 's1', items });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ order: null, payment: 'declined', items: 0, totalCents: 0 });
    expect((await checkout({ customer: 's2', session: 's2', items })).json()).toMatchObject({ payment: 'accepted' });
  });
  it('refuses what is not for sale', async () => {
    expect(
      (await shop('v1')({ customer: 'ann', session: 's1', items: [{ sku: 'yacht', quantity: 1 }] })).statusCode,
    ).toBe(400);
  });
});
