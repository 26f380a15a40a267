/** For tests: configuration, and series whose noise is the same in every run. */
import { DetectionConfig } from '@nightshift/types';
import type { Detector, Verdict } from './detector.ts';

export const second = 1_000;
export const minute = 60 * second;
export const start = Date.UTC(2026, 0, 1);

export function config(rules: Record<string, unknown>[] = [], more: Record<string, unknown> = {}): DetectionConfig {
  return DetectionConfig.parse({ schema: 1, rules, ...more });
}

/** Evenly spread numbers from 0 to 1 that look random and are not (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Normally distributed numbers (Box-Muller). */
export function normalFrom(seed: number): () => number {
  const random = randomFrom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** 100, give or take: what a healthy series sends. */
export function healthy(count: number, seed = 1): number[] {
  const normal = normalFrom(seed);
  return Array.from({ length: count }, () => 100 + normal());
}

/** Feeds values one step apart; returns the verdicts and the time of the next sample. */
export function feed(
  detector: Detector,
  values: number[],
  options: { series?: number; metric?: string; from?: number; stepMs?: number } = {},
): { verdicts: Verdict[]; next: number } {
  const { series = 1, metric = 'latency_ms', from = start, stepMs = 10 * second } = options;
  const verdicts = values.map((value, i) => detector.observe(series, metric, from + i * stepMs, value));
  return { verdicts, next: from + values.length * stepMs };
}

/** A repeated value. */
export const flat = (value: number, count: number): number[] => Array.from({ length: count }, () => value);
