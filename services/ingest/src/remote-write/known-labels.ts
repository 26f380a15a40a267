import { randomInt } from 'node:crypto';

/**
 * Ids of series by the bytes of their labels, which a sender of remote write repeats with every sample. Bytes are compared, never hashes
 * alone. Bounded: two generations, of which the older is dropped whole once the younger is full.
 */
export type KnownLabels = {
  /**
   * Senders repeat themselves: where the series that came next the last time stands here again, the length of its labels, else 0. Its id is
   * `followedId` until the next call.
   */
  follow(view: DataView, from: number, end: number): number;
  followedId(): number;
  /** The id that was put under exactly these bytes; 0 if none was. */
  find(view: DataView, from: number, to: number): number;
  put(labels: Uint8Array, id: number): void;
  /** Series held. */
  size(): number;
};

/** Room for the labels of a series, on average. */
const wordsPerSeries = 64;
/** Who makes labels collide gains nothing by it: what is not found so soon counts as unknown. */
const mostProbes = 32;
const seed = randomInt(2 ** 31);

export function createKnownLabels(maxSeries: number): KnownLabels {
  const most = Math.max(1, Math.floor(maxSeries / 2));
  let young = makeGeneration(most);
  let old = makeGeneration(0);

  const put = (view: DataView, from: number, to: number, id: number) => {
    if (!hasRoom(young, to - from)) [old, young] = [young, makeGeneration(most)];
    if (hasRoom(young, to - from)) add(young, view, from, to, id);
  };
  return {
    follow(view, from, end) {
      const guess = young.following[young.last]!;
      const to = from + young.lengths[guess]!;
      if (guess === 0 || to > end || !isEntry(young, guess, view, from, to)) return 0;
      young.last = guess;
      return to - from;
    },
    followedId: () => young.ids[young.last]!,
    find(view, from, to) {
      const id = idIn(young, view, from, to);
      if (id !== 0 || old.count === 0) return id;
      const older = idIn(old, view, from, to);
      if (older !== 0) put(view, from, to, older);
      return older;
    },
    put(labels, id) {
      const view = new DataView(labels.buffer, labels.byteOffset, labels.length);
      if (lookUp(young, view, 0, labels.length) === 0) put(view, 0, labels.length, id);
    },
    size: () => young.count + old.count,
  };
}

/** Entries are counted from 1. All memory is asked for at once and used as it fills, page by page. */
type Generation = {
  count: number;
  ids: Uint32Array;
  hashes: Int32Array;
  /** Where the bytes of an entry stand in `words`, four to a word, the last filled up with zeros; how many there are. */
  starts: Uint32Array;
  lengths: Uint32Array;
  words: Int32Array;
  used: number;
  /** Entries by hash, with linear probing, at most half full; 0: free. */
  slots: Uint32Array;
  /** The entry found last, and the one that came after each the last time. */
  last: number;
  following: Uint32Array;
};

function makeGeneration(most: number): Generation {
  const column = () => new Uint32Array(most + 1);
  return {
    count: 0,
    ids: column(),
    hashes: new Int32Array(most + 1),
    starts: column(),
    lengths: column(),
    words: new Int32Array(most * wordsPerSeries),
    used: 0,
    slots: new Uint32Array(2 ** Math.ceil(Math.log2(2 * most + 2))),
    last: 0,
    following: column(),
  };
}

const hasRoom = ({ count, ids, used, words }: Generation, length: number): boolean =>
  count + 1 < ids.length && used + Math.ceil(length / 4) <= words.length;

function idIn(generation: Generation, view: DataView, from: number, to: number): number {
  const found = lookUp(generation, view, from, to);
  if (found === 0) return 0;
  generation.following[generation.last] = found;
  generation.last = found;
  return generation.ids[found]!;
}

function lookUp(generation: Generation, view: DataView, from: number, to: number): number {
  const { slots, hashes } = generation;
  const hash = hashOf(view, from, to);
  for (let probe = 0; probe < mostProbes; probe++) {
    const entry = slots[(hash + probe) & (slots.length - 1)]!;
    if (entry === 0) return 0;
    if (hashes[entry] === hash && isEntry(generation, entry, view, from, to)) return entry;
  }
  return 0;
}

function isEntry(generation: Generation, entry: number, view: DataView, from: number, to: number): boolean {
  const { lengths, starts, words } = generation;
  if (lengths[entry] !== to - from) return false;
  let word = starts[entry]!;
  let at = from;
  for (; at + 4 <= to; at += 4) if (words[word++] !== view.getInt32(at, true)) return false;
  return at === to || words[word] === lastWord(view, at, to);
}

/** One that finds no free slot is not found again, and forgotten in time. */
function add(generation: Generation, view: DataView, from: number, to: number, id: number): void {
  const { slots, words } = generation;
  const entry = (generation.count += 1);
  generation.ids[entry] = id;
  generation.starts[entry] = generation.used;
  generation.lengths[entry] = to - from;
  let at = from;
  for (; at + 4 <= to; at += 4) words[generation.used++] = view.getInt32(at, true);
  if (at < to) words[generation.used++] = lastWord(view, at, to);
  const hash = (generation.hashes[entry] = hashOf(view, from, to));
  for (let probe = 0; probe < mostProbes; probe++) {
    const slot = (hash + probe) & (slots.length - 1);
    if (slots[slot] !== 0) continue;
    slots[slot] = entry;
    return;
  }
}

/** The one to three bytes after the last whole word. */
function lastWord(view: DataView, from: number, to: number): number {
  let word = 0;
  for (let at = to - 1; at >= from; at--) word = (word << 8) | view.getUint8(at);
  return word;
}

/** A multiply-rotate hash of four bytes at a time, from a seed that nobody outside knows. */
function hashOf(view: DataView, from: number, to: number): number {
  let hash = seed ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4) hash = mixed(hash, view.getInt32(at, true));
  if (at < to) hash = mixed(hash, lastWord(view, at, to));
  return hash ^ (hash >>> 15);
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e37_79b1);
  return (product << 13) | (product >>> 19);
}
