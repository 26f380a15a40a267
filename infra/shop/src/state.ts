import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Something that was really done to the shop, and on whose word: an action of the control API, a fault, or its undoing. */
export type Effect = {
  at: number;
  by: 'action' | 'fault' | 'undo';
  kind: 'restart' | 'deploy' | 'scale' | 'crash' | 'mystery' | 'load' | 'disk';
  key?: string;
  from?: string;
  to?: string;
};

export type ShopState = {
  version: string;
  replicas: number;
  state: 'running' | 'crashed';
  /** Counts starts; the name of an instance is made of it. */
  instances: number;
  startedAt: number;
  badDeploys: number;
  /** Keys of actions that were applied, with what was asked: the same key again changes nothing. */
  keys: Record<string, string>;
  effects: Effect[];
};

const fresh: ShopState = {
  version: 'v1',
  replicas: 1,
  state: 'running',
  instances: 0,
  startedAt: 0,
  badDeploys: 0,
  keys: {},
  effects: [],
};
const keptKeys = 1_000;
const keptEffects = 1_000;

/** The shop's state, kept in a file that is replaced as a whole: killed at any moment, the old or the new one is there. */
export type StateFile = { current(): ShopState; change(next: Partial<ShopState>): void };

export function openState(folder: string): StateFile {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'shop.json');
  let current: ShopState = { ...fresh, ...read(file) };
  return {
    current: () => current,
    change(next) {
      current = { ...current, ...next };
      current.keys = Object.fromEntries(Object.entries(current.keys).slice(-keptKeys));
      current.effects = current.effects.slice(-keptEffects);
      writeFileSync(`${file}.new`, JSON.stringify(current));
      renameSync(`${file}.new`, file);
    },
  };
}

function read(file: string): Partial<ShopState> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<ShopState>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`${file} cannot be read: remove it to start the shop afresh`, { cause: error });
  }
}
