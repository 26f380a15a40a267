import { NightshiftError } from '@nightshift/types';

export type ShopProcess = { name: string; state: string; version: string; instance: string };
export type ShopEffect = {
  at: number;
  by: 'action' | 'fault' | 'undo';
  kind: string;
  key?: string;
  from?: string;
  to?: string;
};
export type ShopLoad = { at: number | null; reports: number; values: Record<string, number> };

/** The demo shop's control API. */
export type Shop = {
  /** Breaks it for real. Returns when, in epoch ms. Throws SCENARIO_UNKNOWN, CONFLICT or DEMO_UNAVAILABLE. */
  cause(scenario: string): Promise<number>;
  undo(): Promise<void>;
  process(): Promise<ShopProcess>;
  /** What was really done to it, and on whose word. */
  effects(): Promise<ShopEffect[]>;
  /** What its clients saw last. */
  load(): Promise<ShopLoad>;
};

const timeoutMs = 30_000;

export function connectShop(url: string, token: string): Shop {
  const ask = async <T>(method: string, path: string): Promise<T> => {
    let response: Response;
    try {
      response = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (cause) {
      throw new NightshiftError('DEMO_UNAVAILABLE', `the demo shop does not answer at ${url}`, { cause });
    }
    const body = (await response.json()) as T & { error?: { message: string } };
    if (response.ok) return body;
    const code =
      response.status === 404 ? 'SCENARIO_UNKNOWN' : response.status === 409 ? 'CONFLICT' : 'DEMO_UNAVAILABLE';
    throw new NightshiftError(code, body.error?.message ?? `the demo shop answered ${response.status}`);
  };
  return {
    cause: async (scenario) => (await ask<{ at: number }>('POST', `/faults/${encodeURIComponent(scenario)}`)).at,
    undo: async () => void (await ask('DELETE', '/faults')),
    process: async () => (await ask<ShopProcess[]>('GET', '/processes'))[0]!,
    effects: () => ask('GET', '/effects'),
    load: () => ask('GET', '/load'),
  };
}
