import { expect, test } from 'vitest';
import { groupEvidence } from './group.ts';

const quiet = (count: number) => Array.from({ length: count }, () => 1);

test('many series that are a little out say what one that is far out does not', () => {
  expect(groupEvidence([...quiet(15), 3.5, 3.5, 3.5, 3.5]).alarm).toBe(true);
  expect(groupEvidence([...quiet(18), 3.5]).alarm).toBe(false);
});

test('one series is worth eight decades at most', () => {
  expect(groupEvidence([1e9]).sum).toBe(8);
});

test('seven hundred series need more than nineteen do', () => {
  const out = [4, 4, 4];
  expect(groupEvidence([...quiet(16), ...out]).alarm).toBe(true);
  expect(groupEvidence([...quiet(697), ...out]).alarm).toBe(false);
});

test('of nothing there is no evidence', () => {
  expect(groupEvidence([])).toMatchObject({ sum: 0, alarm: false });
});
