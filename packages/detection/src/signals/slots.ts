/**
 * What two counters have counted in the last stretch of time: a ring of slots, each the sums of one part of it. O(1) to add, O(slots)
 * to read, whatever comes. Times are epoch ms.
 */
export type Slots = {
  slotMs: number;
  errors: number[];
  requests: number[];
  /** The newest slot, counted from the epoch. */ head: number;
};

/** The parts of a window: it is exact to one of them. */
export const slotsPerWindow = 30;
/** More are kept than a window has: while its newest slot is awaited, the later ones fill already. */
const spare = 6;

export function makeSlots(windowMs: number, perWindow = slotsPerWindow): Slots {
  const empty = () => Array.from({ length: perWindow + spare }, () => 0);
  return { slotMs: windowMs / perWindow, errors: empty(), requests: empty(), head: -1 };
}

/** Adds to the slot of a time; what is older than all slots is lost. */
export function addTo(slots: Slots, at: number, errors: number, requests: number): void {
  const slot = Math.floor(at / slots.slotMs);
  const length = slots.errors.length;
  if (slot <= slots.head - length) return;
  for (let passed = Math.max(slots.head + 1, slot - length + 1); passed <= slot; passed++) {
    slots.errors[passed % length] = 0;
    slots.requests[passed % length] = 0;
  }
  slots.head = Math.max(slots.head, slot);
  slots.errors[slot % length]! += errors;
  slots.requests[slot % length]! += requests;
}

/** The sums of the window that ends with the slot before `until`. */
export function sumOf(slots: Slots, until: number): { errors: number; requests: number } {
  const length = slots.errors.length;
  const last = Math.ceil(until / slots.slotMs) - 1;
  const sum = { errors: 0, requests: 0 };
  const oldest = Math.max(last - (length - spare) + 1, slots.head - length + 1, 0);
  for (let slot = oldest; slot <= Math.min(last, slots.head); slot++) {
    sum.errors += slots.errors[slot % length]!;
    sum.requests += slots.requests[slot % length]!;
  }
  return sum;
}
