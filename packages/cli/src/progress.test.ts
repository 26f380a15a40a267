import { expect, test } from 'vitest';
import { startProgress } from './progress.ts';

function screen(isTTY: boolean) {
  let [text, now] = ['', 0];
  const out = { isTTY, columns: 60, write: (more: string) => (text += more) };
  const progress = startProgress('files', 4, out, () => now);
  return { progress, pass: (ms: number) => (now += ms), text: () => text };
}

test('on a terminal one line changes; a line that stays does not mix with it', () => {
  const { progress, pass, text } = screen(true);
  pass(1_000);
  progress.at('a.csv');
  expect(text()).toContain('[........................] 0/4 files, 0 rows, 0/s  a.csv');
  pass(1_000);
  progress.rows(40_000);
  pass(100);
  progress.done();
  expect(text().split('\r\x1b[K').at(-1)).toBe(
    '[######..................] 1/4 files, 40k rows, 19k/s  a.csv'.slice(0, 59),
  );
  progress.say('b.csv: broken');
  expect(text()).not.toContain('\n[');
  expect(text().endsWith('\r\x1b[Kb.csv: broken\n')).toBe(true);
  expect(progress.end()).toEqual({ rows: 40_000, seconds: 2.1, rowsPerSecond: 19_048 });
});

test('elsewhere there are plain lines, and few', () => {
  const { progress, pass, text } = screen(false);
  for (let i = 0; i < 120; i++) {
    pass(100);
    progress.rows(25_000);
  }
  expect(text()).toBe('0/4 files, 1.3M rows, 250k/s  \n0/4 files, 2.5M rows, 250k/s  \n');
  progress.end();
  expect(text()).not.toContain('\r');
});
