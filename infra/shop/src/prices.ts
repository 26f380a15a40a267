import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Price of each article: cents, as `v1` knows it, or whatever a later version wrote. */
export type Prices = Record<string, unknown>;

const listPrices: Prices = { tea: 650, coffee: 890, mug: 1_200, kettle: 4_900 };
export const skus = Object.keys(listPrices);

const fileOf = (folder: string) => join(folder, 'prices.json');

/** The price list, kept in a file that outlives every version. */
export function readPrices(folder: string): Prices {
  try {
    return JSON.parse(readFileSync(fileOf(folder), 'utf8')) as Prices;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    writePrices(folder, listPrices);
    return listPrices;
  }
}

function writePrices(folder: string, prices: Prices): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${fileOf(folder)}.new`, JSON.stringify(prices));
  renameSync(`${fileOf(folder)}.new`, fileOf(folder));
}

/** Every `v3-…` writes amounts with their currency, which no version before it can read. That is the fault `fix-fails`. */
export function migratePrices(folder: string): Prices {
  const amounts = Object.entries(listPrices).map(([sku, cents]) => [sku, { amount: cents, currency: 'EUR' }] as const);
  writePrices(folder, Object.fromEntries(amounts));
  return readPrices(folder);
}

/** Brings back what `v1` can read; says whether that was needed. */
export function restorePrices(folder: string): boolean {
  const changed = JSON.stringify(readPrices(folder)) !== JSON.stringify(listPrices);
  if (changed) writePrices(folder, listPrices);
  return changed;
}
