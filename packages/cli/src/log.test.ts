import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLog } from './log.ts';

let dir: string;
let screen: string[];
const open = (verbose = false) =>
  openLog({ dir, verbose, screen: (text) => void screen.push(text.replace(/\s+/g, ' ')) });
const entry = (level: number, msg: string, err?: string) =>
  JSON.stringify({ level, msg, ...(err ? { err: { message: err } } : {}) });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-log-'));
  screen = [];
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(dir, { recursive: true, force: true });
});

describe('the log of all processes', () => {
  it('shows what is wrong, and keeps everything', () => {
    const log = open();
    log.line('ingest-0', entry(30, 'listening'));
    log.line('ingest-0', entry(50, 'cannot reach the queue', 'refused'));
    log.line('shop', 'a line that is no JSON');
    expect(screen).toEqual(['ingest-0 error cannot reach the queue: refused', 'shop a line that is no JSON']);
    expect(readFileSync(join(dir, 'ingest-0.log'), 'utf8').split('\n')).toHaveLength(3);
  });
  it('shows everything when asked to, and nothing while all is being stopped', () => {
    const log = open(true);
    log.line('ingest-0', entry(30, 'listening'));
    log.quiet();
    log.line('ingest-0', entry(50, 'connection lost'));
    expect(screen).toEqual(['ingest-0 info listening']);
  });
  it('says a thing once that is its own cause', () => {
    open().line('ingest-0', entry(40, 'out of reach', 'out of reach: refused'));
    expect(screen).toEqual(['ingest-0 warn out of reach: refused']);
  });
  it('does not repeat itself', () => {
    vi.useFakeTimers();
    const log = open();
    for (let i = 0; i < 100; i++) log.line('detector-0', entry(40, 'refused'));
    log.line('ingest-0', entry(40, 'refused'));
    vi.advanceTimersByTime(31_000);
    log.line('detector-0', entry(40, 'refused'));
    expect(screen).toEqual([
      'detector-0 warn refused',
      'ingest-0 warn refused',
      'detector-0 warn refused (99 times more)',
    ]);
  });
});
