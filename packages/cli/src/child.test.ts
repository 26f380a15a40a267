import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@nightshift/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startChild, type Child } from './child.ts';
import { openLog, type Log } from './log.ts';
import { freePorts } from './ports.ts';
import { startOf } from './processes.ts';

const server = `
  const answer = (request, response) => response.writeHead(request.url === '/readyz' ? 200 : 404).end();
  require('node:http').createServer(answer).listen(process.env.PORT, '127.0.0.1');
`;
let dir: string;
let log: Log;
let port: number;
let screen: string[];
const children: Child[] = [];
const start = (program: string) => {
  const script = join(dir, 'program.cjs');
  writeFileSync(script, program);
  const child = startChild({ name: 'thing-0', script, env: { PORT: String(port) }, port, log, onStart: () => {} });
  children.push(child);
  return child;
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-child-'));
  screen = [];
  log = openLog({ dir: join(dir, 'logs'), verbose: false, screen: (text) => void screen.push(text) });
  port = (await freePorts(['port'])).port!;
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop(1_000)));
  rmSync(dir, { recursive: true, force: true });
});

describe('a process that is kept running', () => {
  it('is ready when it says so, and is gone when it is stopped', async () => {
    const child = start(server);
    await child.ready(10_000);
    const pid = child.pid()!;
    await child.stop(5_000);
    expect(startOf(pid)).toBeNull();
    expect(child.pid()).toBeNull();
  });

  it('is started again after kill -9, under the same port', async () => {
    const child = start(server);
    await child.ready(10_000);
    const pid = child.pid();
    await child.kill('SIGKILL');
    await child.ready(10_000);
    expect(child.restarts()).toBe(1);
    expect(child.pid()).not.toBe(pid);
    expect(screen.join('\n')).toContain('ended (SIGKILL); started again in 250 ms');
  });

  it('waits longer and longer when it dies again and again', async () => {
    start('process.exit(1)');
    await eventually(() => expect(screen.join('\n')).toContain('started again in 1000 ms'), { timeoutMs: 15_000 });
    expect(
      screen.filter((line) => line.includes('started again in')).map((line) => /in (\d+) ms/.exec(line)?.[1]),
    ).toEqual(['250', '500', '1000']);
  });

  it('is not started again when its configuration is wrong, and its last words say why', async () => {
    const child = start(`console.error('CONFIG_INVALID: PORT is no number'); process.exit(2)`);
    await expect(child.ready(10_000)).rejects.toThrow(/thing-0 does not start(.|\n)*CONFIG_INVALID: PORT is no number/);
    expect(child.restarts()).toBe(0);
  });

  it('is killed when it does not end in time', async () => {
    const child = start(`process.on('SIGTERM', () => {}); ${server}`);
    await child.ready(10_000);
    const pid = child.pid()!;
    await child.stop(200);
    expect(startOf(pid)).toBeNull();
  });

  it('shows its warnings, and keeps all of its lines', async () => {
    const child = start(
      `${server} console.log(JSON.stringify({ level: 30, msg: 'calm' })); console.log(JSON.stringify({ level: 40, msg: 'hm', err: { message: 'why' } }))`,
    );
    await eventually(() => expect(screen).toEqual(['thing-0            warn hm: why']), { timeoutMs: 10_000 });
    expect(log.tail('thing-0')).toEqual(['info calm', 'warn hm: why']);
    await child.ready(10_000);
  });
});
