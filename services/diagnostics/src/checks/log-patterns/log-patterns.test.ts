import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { context, incident } from '../../stand-ins.ts';
import { parseLines, patternOf } from './log-lines.ts';
import { logPatterns } from './log-patterns.ts';

const onset = Date.parse('2026-11-24T10:00:00Z');
const words = ['error', 'fatal', 'panic', 'exception'];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

const look = (given: Partial<SubjectOf<'log'>>, more: Partial<Parameters<typeof logPatterns.run>[0]> = {}) =>
  logPatterns.run(
    context({
      subject: { id: 'shop-log', kind: 'log', errorWords: words, actions: [], ...given },
      at: onset + 120_000,
      incident: { ...incident, onsetAt: onset },
      ...more,
    }),
  );
const lookAt = async (text: string) => {
  const path = join(folder, 'app.log');
  await writeFile(path, text);
  return look({ path });
};

const calm = `2026-11-24T09:58:00Z INFO started
2026-11-24T09:59:00Z ERROR user 17 not found
`;

describe('log_patterns', () => {
  it('finds kinds of error that began with the onset, and not those that were there before', async () => {
    expect(await lookAt(`${calm}2026-11-24T10:00:30Z ERROR user 99 not found\n`)).toMatchObject({
      status: 'ok',
      facts: { errorsBefore: 1, errorsSinceOnset: 1, newPatterns: 0, newestAgeSeconds: 90 },
    });
    const broken = await lookAt(
      `${calm}2026-11-24T10:00:30Z ERROR pool exhausted after 5000 ms\n2026-11-24T10:00:31Z ERROR pool exhausted after 5001 ms\n`,
    );
    expect(broken).toMatchObject({
      status: 'degraded',
      facts: { newPatterns: 1, topPattern: 'ERROR pool exhausted after # ms', topPatternCount: 2 },
    });
  });

  it('says that it cannot tell what is new where nothing from before the onset is left (defect 22)', async () => {
    expect(await lookAt('2026-11-24T10:00:30Z ERROR x\n')).toMatchObject({
      status: 'unknown',
      facts: { newPatterns: null, errorsSinceOnset: 1 },
    });
    expect((await lookAt('no time\n')).output).toContain('none with a time');
    expect((await lookAt('')).status).toBe('ok');
    await expect(look({ path: '/no/such.log' })).rejects.toThrow('ENOENT');
  });

  it('reads the last mebibyte of a log of any size', async () => {
    const filler = `2026-11-24T09:59:30Z INFO ${'x'.repeat(100)}\n`.repeat(30_000);
    const { status, facts } = await lookAt(`${filler}2026-11-24T10:00:30Z FATAL out of memory\n`);
    expect(status).toBe('degraded');
    expect(facts.linesRead).toBeLessThan(9_000);
  });

  it('takes the output of an allowed command, runs no other, and kills it at the deadline (defects 20 and 23)', async () => {
    const path = join(folder, 'app.log');
    await writeFile(path, `${calm}2026-11-24T10:00:30Z ERROR new\n`);
    const commands = new Set(['/usr/bin/tail', '/usr/bin/sleep']);
    expect((await look({ command: ['/usr/bin/tail', '-n', '1000', path] }, { commands })).status).toBe('degraded');
    await expect(look({ command: ['/usr/bin/cat', path] }, { commands })).rejects.toThrow('DIAGNOSTIC_COMMANDS');
    // Metacharacters are only characters: there is no shell.
    await expect(look({ command: ['/usr/bin/tail', '$(reboot); |'] }, { commands })).rejects.toThrow('ended with 1');
    const started = performance.now();
    const sleeping = look({ command: ['/usr/bin/sleep', '60'] }, { commands, signal: AbortSignal.timeout(150) });
    await expect(sleeping).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('the time of a line', () => {
  it.each([
    ['2026-11-24T10:00:01.5Z x', onset + 1_500],
    ['2026-11-24 11:00:01,500 +0100 x', onset + 1_500],
    ['[2026-11-24 10:00:01] x', onset + 1_000],
    ['{"level":50,"time":1795514401000,"msg":"x"}', 1_795_514_401_000],
    ['{"ts":1795514401.25,"msg":"x"}', 1_795_514_401_250],
    ['{"@timestamp":"2026-11-24T10:00:01Z","message":"x"}', onset + 1_000],
    ['Nov 24 10:00:01 host app[1]: x', onset + 1_000],
    ['192.0.2.1 - - [24/Nov/2026:11:00:01 +0100] "GET / HTTP/1.1" 500', onset + 1_000],
    ['x', null],
  ])('%s', (line, at) => {
    expect(parseLines(line, words, onset + 60_000)[0]!.at).toBe(at);
  });

  it('is that of the line before where there is none, and a level of its own decides in JSON', () => {
    const lines = parseLines(
      `2026-11-24T10:00:01Z ERROR x\n  at Exception.y\n{"level":30,"msg":"no error"}`,
      words,
      onset,
    );
    expect(lines.map(({ at, isError }) => [at, isError])).toEqual([
      [onset + 1_000, true],
      [onset + 1_000, true],
      [onset + 1_000, false],
    ]);
  });

  it('is found in time, whatever is in the line', () => {
    const evil = `${'a'.repeat(100_000)}${'('.repeat(10_000)}${"'".repeat(10_001)}`;
    const started = performance.now();
    for (let i = 0; i < 200; i++) patternOf(parseLines(evil, ['er(r+)+or'], 0)[0]!.text);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('the kind of a line', () => {
  it('leaves out what differs from one time to the next', () => {
    const kinds = [
      '2026-11-24T10:00:01Z ERROR order 3f2b8c1e-1111-2222-3333-444455556666 of "ada" failed after 12.5 ms at 10.0.0.1:5432',
      '2026-11-24T10:07:21Z ERROR order 99999999-1111-2222-3333-444455556666 of "bob" failed after 7 ms at 10.0.3.77:5432',
    ].map(patternOf);
    expect(new Set(kinds).size).toBe(1);
    expect(kinds[0]).toBe('ERROR order # of # failed after # ms at #');
  });
});
