import { describe, expect, it } from 'vitest';
import { compileSelectors, Selector } from './selector.ts';

const select = compileSelectors([
  { name: 'shop', selectors: [{ namespace: 'shop' }] },
  { name: 'shop-api', selectors: [{ namespace: 'shop', app: 'api' }, { job: 'api-*' }] },
  { name: 'shop-web', selectors: [{ namespace: 'shop', app: 'web*' }] },
  { name: 'first', selectors: [{ a: '1' }] },
  { name: 'second', selectors: [{ b: '1' }] },
]);

describe('selectors', () => {
  it.each([
    [{ namespace: 'shop' }, 'shop'],
    [{ namespace: 'shop', app: 'api' }, 'shop-api'],
    [{ namespace: 'shop', app: 'webhook', pod: 'x' }, 'shop-web'],
    [{ namespace: 'shop', app: 'other' }, 'shop'],
    [{ job: 'api-canary' }, 'shop-api'],
    [{ job: 'api' }, undefined],
    [{ a: '1', b: '1' }, 'first'],
    [{ app: 'api' }, undefined],
    [{}, undefined],
  ])('%j is %s', (labels, service) => {
    expect(select(labels)).toBe(service);
  });

  it('wants at least one label, and a "*" only at the end', () => {
    expect(Selector.safeParse({}).success).toBe(false);
    expect(Selector.safeParse({ app: '*' }).success).toBe(false);
    expect(Selector.safeParse({ app: 'a*b' }).success).toBe(false);
    expect(Selector.safeParse({ app: 'api-*' }).success).toBe(true);
  });

  it('costs per label of the series, not per service', () => {
    const many = compileSelectors(
      Array.from({ length: 10_000 }, (_, i) => ({ name: `s${i}`, selectors: [{ namespace: 'shop', app: `a${i}` }] })),
    );
    // The pair that all have in common must not be the one they are found by.
    const started = performance.now();
    for (let i = 0; i < 1_000; i++) expect(many({ namespace: 'shop', app: 'a9999' })).toBe('s9999');
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
