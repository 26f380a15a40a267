import type { Item } from './baskets.ts';

const priceCents: Record<string, number> = { tea: 650, coffee: 890, mug: 1_200, kettle: 4_900 };
export const skus = Object.keys(priceCents);

type Membership = { discountPercent: number };
export type Price = (items: Item[], membership: Membership | undefined) => number;

const listPrice = (items: Item[]) => items.reduce((sum, item) => sum + (priceCents[item.sku] ?? 0) * item.quantity, 0);

/** `v1`: members get their discount, everybody else pays the list price. */
const first: Price = (items, membership) =>
  Math.round((listPrice(items) * (100 - (membership?.discountPercent ?? 0))) / 100);

/** Every `v2-…`: forgot that most people are no members. That is the fault `bad-deploy`. */
const second: Price = (items, membership) =>
  Math.round((listPrice(items) * (100 - (membership as Membership).discountPercent)) / 100);

/** The pricing code of a version of the shop. */
export function pricingOf(version: string): Price {
  return version.startsWith('v2-') ? second : first;
}
