import { describe, expect, test } from 'vitest';
import { assign } from './assign.ts';

const members = (count: number) => Array.from({ length: count }, (_, i) => `mbr-${i}`);
const loads = (owners: Map<number, string>) =>
  [...new Set(owners.values())].map((member) => [...owners.values()].filter((owner) => owner === member).length);

describe('assigning shards', () => {
  test('gives every shard one owner and nobody more than an even share', () => {
    for (const count of [1, 2, 3, 4, 7]) {
      const owners = assign(members(count), 16);
      expect([...owners.keys()]).toEqual(Array.from({ length: 16 }, (_, shard) => shard));
      expect(Math.max(...loads(owners))).toBeLessThanOrEqual(Math.ceil(16 / count));
    }
  });

  test('two detectors share four shards evenly, whoever they are', () => {
    for (let i = 0; i < 50; i++) expect(loads(assign([`mbr-${i}a`, `mbr-${i}b`], 4))).toEqual([2, 2]);
  });

  test('a member that leaves moves few shards of the others', () => {
    const before = assign(members(5), 100);
    const after = assign(members(5).slice(1), 100);
    const moved = [...before].filter(([shard, owner]) => owner !== 'mbr-0' && after.get(shard) !== owner);
    expect(moved.length).toBeLessThan(30);
  });

  test('the order in which members are listed does not matter', () => {
    expect(assign(members(5).toReversed(), 32)).toEqual(assign(members(5), 32));
  });

  test('nobody there, nothing owned; more members than shards, some idle', () => {
    expect(assign([], 4).size).toBe(0);
    expect(assign(members(9), 4).size).toBe(4);
  });
});
