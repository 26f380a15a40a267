import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeriesTree } from './series-tree.ts';

const small = fc.constantFrom('a', 'b', 'c', '0', 'constructor', '');
const series = fc.tuple(
  small,
  fc
    .array(
      fc.tuple(
        small.filter((name) => name !== ''),
        small,
      ),
      { maxLength: 4 },
    )
    .map(Object.fromEntries<string>),
);

describe('the tree of series', () => {
  it('finds what was put under the same name and labels in the same order, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(series, { maxLength: 30 }), (all) => {
        const tree = createSeriesTree(10_000);
        const model = new Map<string, number>();
        all.forEach(([name, labels], i) => {
          const key = JSON.stringify([name, Object.entries(labels)]);
          expect(tree.find(name, labels)).toBe(model.get(key));
          tree.put(name, labels, i + 1);
          model.set(key, i + 1);
        });
      }),
    );
  });

  it('finds nothing under values that are no strings, though they read alike', () => {
    const tree = createSeriesTree(100);
    tree.put('m', { a: '1', b: 'null' }, 7);
    expect(tree.find('m', { a: 1, b: 'null' })).toBeUndefined();
    expect(tree.find('m', { a: '1', b: null })).toBeUndefined();
    expect(tree.find('m', { a: ['1'], b: 'null' })).toBeUndefined();
    expect(tree.find('m', { a: '1', b: 'null' })).toBe(7);
  });

  it('is bounded, keeps what is asked for and forgets what is not', () => {
    const tree = createSeriesTree(40);
    tree.put('asked', { a: 'x' }, 1);
    tree.put('not asked', { a: 'x' }, 2);
    for (let i = 0; i < 500; i++) {
      tree.put('new', { i: String(i) }, 100 + i);
      expect(tree.find('asked', { a: 'x' })).toBe(1);
      expect(tree.size()).toBeLessThanOrEqual(40 + 4);
    }
    expect(tree.find('not asked', { a: 'x' })).toBeUndefined();
  });
});
