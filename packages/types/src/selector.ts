import { z } from 'zod';
import type { Labels } from './sample.ts';

/**
 * Labels that a series or alert must all carry to be a service's. A value is compared as it is, or up to a `*` at its end:
 * `{ namespace: shop, app: "api-*" }`.
 */
export const Selector = z
  .record(
    z.string().min(1).max(128),
    z
      .string()
      .min(1)
      .max(1_024)
      .regex(/^[^*]+\*?$/, 'must be a value, or a beginning of one and a "*"'),
  )
  .refine(
    (labels) => Object.keys(labels).length > 0,
    'must name at least one label: an empty one would mean everything',
  )
  .refine((labels) => Object.keys(labels).length <= 16, 'must not name more than 16 labels');
export type Selector = z.infer<typeof Selector>;

/** Finds the service of a series or alert by its labels; undefined where no selector fits. */
export type ServiceSelector = (labels: Labels) => string | undefined;

type Ranked = [rank: number, selector: Compiled];
type Compiled = { service: string; exact: [string, string][]; beginnings: [string, string][] };

/**
 * Compiles all selectors of a catalogue. The most labels win, of equals the more exact values, of equals the one that is
 * declared first. A look-up costs one map access per label of the series, however many services there are.
 */
export function compileSelectors(services: { name: string; selectors: Selector[] }[]): ServiceSelector {
  const compiled = services
    .flatMap(({ name, selectors }) => selectors.map((selector) => compile(name, selector)))
    .sort((a, b) => size(b) - size(a) || b.exact.length - a.exact.length);
  // Found by its rarest pair: what every selector of a cluster has in common would find them all.
  const uses = new Map<string, number>();
  for (const each of compiled) for (const key of each.exact.map(pair)) uses.set(key, (uses.get(key) ?? 0) + 1);
  const byPair = new Map<string, Ranked[]>();
  const unindexed: Ranked[] = [];
  compiled.forEach((each, rank) => {
    const [rarest] = each.exact.map(pair).sort((a, b) => uses.get(a)! - uses.get(b)!);
    const place = rarest === undefined ? unindexed : (byPair.get(rarest) ?? []);
    place.push([rank, each]);
    if (rarest !== undefined) byPair.set(rarest, place);
  });
  return (labels) => {
    let best: Ranked | undefined;
    const consider = (candidates: Ranked[]) => {
      const found = candidates.find(([rank, each]) => (!best || rank < best[0]) && fits(each, labels));
      best = found ?? best;
    };
    for (const name in labels) consider(byPair.get(pair([name, labels[name]!])) ?? []);
    consider(unindexed);
    return best?.[1].service;
  };
}

function compile(service: string, selector: Selector): Compiled {
  const entries = Object.entries(selector);
  return {
    service,
    exact: entries.filter(([, value]) => !value.endsWith('*')),
    beginnings: entries.filter(([, value]) => value.endsWith('*')).map(([name, value]) => [name, value.slice(0, -1)]),
  };
}

const size = ({ exact, beginnings }: Compiled) => exact.length + beginnings.length;
const pair = ([name, value]: [string, string]) => `${name}\0${value}`;

function fits({ exact, beginnings }: Compiled, labels: Labels): boolean {
  return (
    exact.every(([name, value]) => labels[name] === value) &&
    beginnings.every(([name, beginning]) => labels[name]?.startsWith(beginning) ?? false)
  );
}
