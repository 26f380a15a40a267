import {
  partName,
  type CounterSelector,
  type DetectionConfig,
  type DetectionRule,
  type Labels,
  type MetricKind,
  type RatioSignal,
  type SloSignal,
} from '@nightshift/types';
import { findRule, matches, ruleFor, type Rule } from '../rules.ts';
import type { PartKey } from './distribution.ts';
import { weightOf, type Weight } from './ratio.ts';

/** A series as it was registered, and what is known beside it. */
export type KnownSeries = {
  name: string;
  service: string;
  labels: Labels;
  /** What its sender says of it; of a histogram or summary, of the name that its parts share. */
  said?: MetricKind | undefined;
  /** The service has a `_bucket` of the same name, or both a `_sum` and a `_count`. */
  hasSisters?: boolean;
};

/** What a series feeds beside, or instead of, being judged itself. */
export type Inputs = {
  /** It counts in events per second, not up. */
  perSecond: boolean;
  part?: { of: string; key: PartKey; base: string; service: string; labels: Labels };
  shares: { of: string; signal: RatioSignal | SloSignal; service: string; labels: Labels; weight: Weight }[];
};

/** How a series is judged (null: it is only a part of something that is), and what it feeds. */
export type Role = {
  rule: Rule;
  judged: boolean;
  /** Its sender does not know what it is, nor does anybody else: its shape must tell. */
  untyped: boolean;
  inputs: Inputs | null;
};

/** Finds out what a series is for: once per series, and again when rules or kinds change. */
export function roleOf(config: DetectionConfig, series: KnownSeries): Role {
  const { name, service, labels, said } = series;
  const rule = ruleFor(config, { metric: name, service, labels }, said);
  const ruled = findRule(config.rules, { metric: name, service, labels })?.kind;
  const part = partOf(series, ruled);
  const perSecond = name.endsWith('_per_second');
  const counts = part ? part.key !== 'sum' : perSecond || rule.kind === 'counter';
  const shares = counts ? sharesOf(config, series) : [];
  const inputs = part || shares.length > 0 ? { perSecond, ...(part && { part }), shares } : null;
  const untyped = said === 'unknown' && !ruled && !part && rule.kind === 'gauge';
  return { rule, judged: !part, untyped, inputs };
}

/** What of a histogram or summary it is: as the rule says, else its sender, else its name and sisters. */
function partOf(
  { name, service, labels, said, hasSisters }: KnownSeries,
  ruled: DetectionRule['kind'],
): Inputs['part'] | undefined {
  const found = partName(name);
  if (!found) return undefined;
  const { part, base, perSecond } = found;
  const key = part === 'bucket' ? boundOf(labels['le']) : part;
  const isTold = ruled ? ruled === 'histogram' : said === 'histogram' || said === 'summary';
  const isOther = ruled !== undefined || said === 'gauge' || said === 'counter';
  const looksLike = !isOther && (part === 'bucket' || hasSisters === true);
  if (key === undefined || !(isTold || looksLike)) return undefined;
  const { le: _, ...own } = labels;
  const rest = part === 'bucket' ? own : labels;
  return { of: JSON.stringify([service, base, perSecond, sorted(rest)]), key, base, service, labels: rest };
}

/** An upper bound as Prometheus writes it. */
function boundOf(le: string | undefined): number | undefined {
  if (le === '+Inf') return Infinity;
  const bound = le === undefined || le.trim() === '' ? NaN : Number(le);
  return Number.isFinite(bound) ? bound : undefined;
}

function sharesOf({ ratios, slos }: DetectionConfig, series: KnownSeries): Inputs['shares'] {
  const { service, labels: all } = series;
  return [...ratios, ...slos].flatMap((signal) => {
    if (signal.service !== undefined && !matches(signal.service, service)) return [];
    const weight = weightOf(signal, (side) => {
      const selector = (signal as Partial<Record<typeof side, CounterSelector>>)[side];
      return selector !== undefined && isSelected(selector, series);
    });
    if (!weight) return [];
    const labels = {
      service,
      ...Object.fromEntries(signal.by.flatMap((label) => (all[label] ? [[label, all[label]]] : []))),
    };
    return [{ of: JSON.stringify([signal, sorted(labels)]), signal, service, labels, weight }];
  });
}

const isSelected = ({ metric, match, not }: CounterSelector, { name, labels }: KnownSeries) =>
  matches(metric, name) &&
  Object.entries(match).every(([label, pattern]) => matches(pattern, labels[label] ?? '')) &&
  !Object.entries(not).some(([label, pattern]) => matches(pattern, labels[label] ?? ''));

const sorted = (labels: Labels) => Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
