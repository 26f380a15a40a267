/** A bounded map that forgets what was not asked for the longest time, roughly: two generations, the older dropped whole. */
export type RecentMap<V> = { get(key: string): V | undefined; set(key: string, value: V): void; readonly size: number };

/** Keeps at least the `max / 2` keys used last and never more than `max`. */
export function createRecentMap<V>(max: number): RecentMap<V> {
  const half = Math.max(1, Math.floor(max / 2));
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  const set = (key: string, value: V) => {
    if (young.size >= half && !young.has(key)) [old, young] = [young, new Map()];
    young.set(key, value);
  };
  return {
    get(key) {
      const value = young.get(key);
      if (value !== undefined) return value;
      const older = old.get(key);
      if (older !== undefined) {
        old.delete(key);
        set(key, older);
      }
      return older;
    },
    set,
    get size() {
      return young.size + old.size;
    },
  };
}
