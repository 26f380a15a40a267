import type { SignalsState } from './signals.ts';

const version = 2;

/** Marks what JSON has not. No label is called so: text with a NUL is refused at the door. */
const mark = '\0';

/** State as JSON in UTF-8. A map is a list of pairs behind the mark, a number that is not finite a text. */
export function writeState(state: SignalsState): Uint8Array {
  const text = JSON.stringify({ signals: version, state }, (_key, value: unknown) => {
    if (value instanceof Map) return { [mark]: [...(value as Map<unknown, unknown>)] };
    return typeof value === 'number' && !Number.isFinite(value) ? { [mark]: String(value) } : value;
  });
  return new TextEncoder().encode(text);
}

/** Throws a RangeError for bytes that `writeState` of this version did not make. */
export function readState(bytes: Uint8Array): SignalsState {
  let read: { signals?: number; state: SignalsState };
  try {
    read = JSON.parse(new TextDecoder().decode(bytes), revive) as typeof read;
  } catch {
    throw new RangeError('not a snapshot of signals');
  }
  if (read.signals !== version)
    throw new RangeError(`signals of version ${read.signals}, this detector reads version ${version}`);
  return read.state;
}

function revive(_key: string, value: unknown): unknown {
  const marked = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[mark] : undefined;
  if (Array.isArray(marked)) return new Map(marked as [unknown, unknown][]);
  return typeof marked === 'string' ? Number(marked) : value;
}
