import type { Item } from './baskets.ts';
import type { Prices } from './prices.ts';

type Membership = { discountPercent: number };
export type Price = (items: Item[], membership: Membership | undefined) => number;

function listPrice(prices: Prices, items: Item[]): number {
  return items.reduce((sum, { sku, quantity }) => {
    const cents = prices[sku];
    if (typeof cents !== 'number') throw new Error(`the price of ${sku} is no number of cents`);
    return sum + cents * quantity;
  }, 0);
}

/** `v1`: members get their discount, everybody else pays the list price. */
const first =
  (prices: Prices): Price =>
  (items, membership) =>
    Math.round((listPrice(prices, items) * (100 - (membership?.discountPercent ?? 0))) / 100);

/** Every `v2-…`: forgot that most people are no members. That is the fault `bad-deploy`. `v3-…` did not learn of it. */
const second =
  (prices: Prices): Price =>
  (items, membership) =>
    Math.round((listPrice(prices, items) * (100 - (membership as Membership).discountPercent)) / 100);

/** The pricing code of a version of the shop, over the price list that it finds. */
export function pricingOf(version: string, prices: Prices): Price {
  return /^v[23]-/.test(version) ? second(prices) : first(prices);
}
