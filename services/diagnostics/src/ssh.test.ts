/** Host checks over SSH, against a real sshd. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openMachines, type Machines } from '@nightshift/ssh';
import { noSshd, startSshd, type TestSshd } from '@nightshift/testkit';
import { Catalogue, type DiagnosticResult } from '@nightshift/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Subject } from './check.ts';
import { checks } from './checks/index.ts';
import { examineTargets } from './examine.ts';
import { runChecks } from './run-checks.ts';
import { context, incident } from './stand-ins.ts';

const run = promisify(execFile);
const missing = noSshd();
const minute = 60_000;
let sshd: TestSshd;
let machines: Machines;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-there-'));
  machines = openMachines();
  if (missing === null) sshd = await startSshd();
});
afterAll(async () => {
  machines.close();
  await sshd?.close();
  await rm(folder, { recursive: true });
});
beforeEach(({ skip }) => {
  if (missing !== null) skip(missing);
});

const access = () => ({
  ssh: { host: '127.0.0.1', port: sshd.port, user: sshd.user, keyFileEnv: 'KEY', hostKey: sshd.hostKey },
});
const catalogueOf = (target: object | null, own: object[] = []) =>
  Catalogue.parse({ schema: 1, services: [{ name: 'shop', targets: target ? [target] : [], checks: own }] });

async function look(target: object | null, own: object[] = [], allowed: string[] = []): Promise<DiagnosticResult> {
  const [service] = catalogueOf(target, own).services;
  const subjects: Subject[] = [
    ...service!.targets,
    ...service!.checks.map((custom) => ({ kind: 'custom' as const, id: 'shop', custom })),
  ];
  const at = Date.now();
  const surroundings = context({
    subject: subjects[0]!,
    at,
    incident: { ...incident, onsetAt: at - minute },
    machines,
    env: { KEY: sshd.keyFile },
    commandsThere: new Set(allowed),
    commands: new Set(['/usr/bin/false']),
  });
  const signal = new AbortController().signal;
  const [result] = await runChecks({ checks, subjects, surroundings, deadlineMs: 5_000, signal });
  return result!;
}

describe('over SSH', () => {
  it('host_pressure reads the machine there', async () => {
    const { status, facts, output } = await look({ id: 'web-1', kind: 'host', ...access() });
    expect(['ok', 'degraded']).toContain(status);
    expect(facts['memoryTotalBytes']).toBeGreaterThan(facts['memoryAvailableBytes'] as number);
    expect(facts['cpus']).toBeGreaterThan(0);
    expect(facts['cpuPercent']).toBeGreaterThanOrEqual(0);
    expect(output).toMatch(/^CPU|; CPU/);
  });

  it('disk_usage finds the full disk there, and says which machine it is on', async ({ skip }) => {
    const path = join(folder, 'disk');
    await mkdir(path);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', path]).catch(() =>
      skip('a file system cannot be mounted here: needs root'),
    );
    const disk = { id: 'web-1-disk', kind: 'disk', path, ...access() };
    try {
      expect(await look(disk)).toMatchObject({ status: 'ok', facts: { totalBytes: 2 * 1024 * 1024 } });
      await expect(writeFile(join(path, 'big'), Buffer.alloc(3 * 1024 * 1024))).rejects.toThrow('ENOSPC');
      const full = await look(disk);
      expect(full).toMatchObject({ status: 'degraded', facts: { freeBytes: 0, usedPercent: 100 } });
      expect(full.output).toContain(`${path} on 127.0.0.1: 100% used`);
    } finally {
      await run('umount', [path]);
    }
    const gone = await look({ ...disk, path: '/no/such' });
    expect(gone).toMatchObject({ status: 'unknown', output: expect.stringMatching(/stat ended with 1: .*\/no\/such/) });
  });

  it('log_patterns reads the end of a log there, of any size', async () => {
    const path = join(folder, 'app $(reboot).log');
    const line = (ago: number, text: string) => `${new Date(Date.now() - ago).toISOString()} ${text}\n`;
    const filler = line(2 * minute, `INFO ${'x'.repeat(100)}`).repeat(12_000);
    await writeFile(path, `${filler}${line(2 * minute, 'ERROR usual 1')}${line(30_000, 'ERROR usual 2')}`);
    const log = { id: 'web-1-log', kind: 'log', path, ...access() };
    const calm = await look(log);
    expect(calm).toMatchObject({ status: 'ok', facts: { errorsBefore: 1, errorsSinceOnset: 1, newPatterns: 0 } });
    expect(calm.facts['linesRead']).toBeLessThan(9_000);
    await writeFile(path, `${filler}${line(20_000, 'ERROR pool is empty token=canary-1')}`);
    const broken = await look(log);
    expect(broken).toMatchObject({ status: 'degraded', facts: { newPatterns: 1 } });
    expect(JSON.stringify(broken)).not.toContain('canary');
  });

  it('custom.<id> runs an allowed program there, and no other (defect 23)', async () => {
    const program = join(sshd.bin, 'stuck-orders');
    await writeFile(program, '#!/bin/sh\necho "$# stuck | stuck=$#"; exit 1\n');
    await chmod(program, 0o755);
    const own = { id: 'stuck', title: 'x', facts: { stuck: 'number' }, ...access() };
    const command = [program, 'a b', ';reboot'];
    expect(await look(null, [{ ...own, command }], [program])).toMatchObject({
      status: 'degraded',
      facts: { stuck: 2 },
    });
    // What is allowed on this machine is not allowed there.
    expect(await look(null, [{ ...own, command: ['/usr/bin/false'] }], [program])).toMatchObject({
      status: 'unknown',
      output: '/usr/bin/false is not allowed here: add it to DIAGNOSTIC_SSH_COMMANDS where diagnostics runs',
    });
  });

  it('what cannot be looked at is unknown, never down, and a changed host key is no way in (defect 25)', async () => {
    const host = (ssh: object) => ({ id: 'web-1', kind: 'host', ssh: { ...access().ssh, ...ssh } });
    const pinned = `SHA256:${'A'.repeat(43)}`;
    const cases: [object, RegExp, RegExp][] = [
      [{ hostKey: pinned }, /shows another host key .* not connected/, /make sure that it is the right machine/],
      [{ port: 1 }, /no SSH connection to 127.0.0.1:1: .*ECONNREFUSED/, /start it, or correct the address/],
      [
        { keyFileEnv: 'OTHER' },
        /environment variable OTHER, which names the key file, is not set/,
        /set the variable named/,
      ],
      [{ keyFileEnv: 'STRANGER' }, /does not let .* in with this key/, /authorized_keys/],
    ];
    const env = { KEY: sshd.keyFile, STRANGER: sshd.strangerKeyFile };
    for (const [ssh, output, todo] of cases) {
      const options = { catalogue: catalogueOf(host(ssh)), env, commands: [], commandsThere: [], deadlineMs: 5_000 };
      const [examined] = await examineTargets(options);
      expect(examined).toMatchObject({
        ok: false,
        found: expect.stringMatching(output),
        todo: expect.stringMatching(todo),
      });
    }
    expect(await look(host({ hostKey: pinned }))).toMatchObject({ status: 'unknown', facts: {} });
    expect(await look(host({ port: 1 }))).toMatchObject({ status: 'unknown', facts: {} });
  });

  it('a machine that stands still is given up at the deadline', async () => {
    const held = await startSshd();
    process.kill(held.pid, 'SIGSTOP');
    const ssh = { ...access().ssh, port: held.port, hostKey: held.hostKey };
    const started = performance.now();
    const options = {
      catalogue: catalogueOf({ id: 'web-1', kind: 'host', ssh }),
      env: { KEY: held.keyFile },
      commands: [],
      commandsThere: [],
      deadlineMs: 300,
    };
    const [examined] = await examineTargets(options);
    expect(examined!.found).toContain('no answer within 300 ms, cancelled');
    expect(performance.now() - started).toBeLessThan(3_000);
    await held.close();
  });
});

it('a catalogue says how to get to a machine, whole and unambiguous', () => {
  const parse = (ssh: object) =>
    Catalogue.safeParse({ schema: 1, services: [{ name: 's', targets: [{ id: 'h', kind: 'host', ssh }] }] });
  const whole = { host: 'web-1', user: 'nightshift', keyFileEnv: 'KEY', hostKey: `SHA256:${'b'.repeat(43)}` };
  expect(parse(whole).success).toBe(true);
  const bad: [object, string][] = [
    [{ ...whole, hostKey: undefined }, 'exactly one of hostKey and knownHostsFile must be given'],
    [{ ...whole, keyFile: '/k' }, 'exactly one of keyFile and keyFileEnv must be given'],
    [{ ...whole, hostKey: 'MD5:00:11' }, 'must be the fingerprint of a host key'],
    [{ ...whole, host: 'web-1 -o ProxyCommand=x' }, 'must be one host name'],
    [{ ...whole, user: '-oProxyCommand' }, 'must be one user name'],
    [{ ...whole, password: 'x' }, 'Unrecognized key'],
  ];
  for (const [ssh, words] of bad) expect(parse(ssh).error?.message, JSON.stringify(ssh)).toContain(words);
});
