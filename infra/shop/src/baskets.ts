export type Item = { sku: string; quantity: number };
export type Visitor = { customer: string; session: string };

/** Where baskets wait between "add" and "pay". */
export type Baskets = {
  save(visitor: Visitor, items: Item[]): void;
  load(visitor: Visitor): Item[];
  /** Switches the second edition of the store on or off in the running process. */
  useSecondEdition(on: boolean): void;
  secondEdition(): boolean;
};

const kept = 1_000;

/**
 * Baskets in memory, by session. The second edition keys them by customer when it writes and by session when it reads:
 * whoever is logged in finds the basket empty. Nothing throws and nothing is slow. That is the fault `mystery`.
 */
export function createBaskets(): Baskets {
  const stored = new Map<string, Item[]>();
  let second = false;
  return {
    save(visitor, items) {
      stored.set(second ? visitor.customer : visitor.session, items);
      const oldest = stored.keys().next().value;
      if (stored.size > kept && oldest !== undefined) stored.delete(oldest);
    },
    load(visitor) {
      const items = stored.get(visitor.session) ?? [];
      stored.delete(visitor.session);
      return items;
    },
    useSecondEdition(on) {
      second = on;
    },
    secondEdition: () => second,
  };
}
