/** Against a real sshd, with a stand-in for systemctl that takes only the calls that are meant, and real folders. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { noSshd, startSshd, type TestSshd } from '@nightshift/testkit';
import { Target, type ActionParams, type ActionType, type PlannedAction } from '@nightshift/types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SendRequest } from '../provider.ts';
import { sshProvider } from './ssh.ts';
import type { HostTarget } from './there.ts';

const run = promisify(execFile);
const missing = noSshd();
const unit = 'shop-api.service';
let sshd: TestSshd;
let root: string;
beforeAll(async () => {
  if (missing === null) sshd = await startSshd();
});
beforeEach(async ({ skip }) => {
  if (missing !== null) skip(missing);
  root = await mkdtemp(join(tmpdir(), 'nightshift-clear-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));
afterAll(() => sshd?.close());

function target(
  given: { folders?: string[]; olderThanMinutes?: number; ssh?: object; unit?: string } = {},
): HostTarget {
  const ssh = { host: '127.0.0.1', port: sshd.port, user: sshd.user, keyFile: sshd.keyFile, hostKey: sshd.hostKey };
  return Target.parse({
    id: 'web-1',
    kind: 'host',
    ssh: { ...ssh, ...given.ssh },
    unit: given.unit ?? unit,
    ...(given.folders && { clear: { folders: given.folders, olderThanMinutes: given.olderThanMinutes ?? 60 } }),
    actions: ['restart_service', 'clear_cache'],
  }) as HostTarget;
}
const plan = (type: ActionType, on = target(), params: ActionParams = {}) =>
  sshProvider.plan({ target: on, type, params, rollback: null, env: {}, signal: AbortSignal.timeout(20_000) });

/** The request that would follow from a plan. */
async function planned(type: ActionType, on = target(), params: ActionParams = {}): Promise<SendRequest<HostTarget>> {
  const made = await plan(type, on, params);
  if (!made.ok) throw new Error(made.reason);
  const action: PlannedAction = {
    step: 0,
    type,
    target: 'web-1',
    provider: 'host',
    timeoutMs: 5_000,
    maxRetries: 0,
    ...made.call,
  };
  return { target: on, key: 'act-1', incidentId: 'inc-1', action, env: {}, signal: AbortSignal.timeout(20_000) };
}

describe('restart_service of a unit', () => {
  const log = () => join(sshd.bin, 'calls');
  const restarts = async () => (await readFile(log(), 'utf8').catch(() => '')).split('\n').filter(Boolean).length;
  const running = { LoadState: 'loaded', ActiveState: 'active', SubState: 'running', InvocationID: 'a1', next: 'b2' };
  /** Lines of sh: the last of a name holds. */
  const set = (state: Record<string, string>) =>
    writeFile(
      join(sshd.bin, 'state'),
      Object.entries({ ...running, ...state })
        .map(([name, value]) => `${name}='${value}'\n`)
        .join(''),
    );
  beforeEach(async () => {
    await rm(log(), { force: true });
    await set({});
    // Refuses what is not meant, so that a wrong call fails here rather than at a customer's.
    const script = `#!/bin/sh
. ${join(sshd.bin, 'state')}
case "$*" in
'show --property=LoadState,ActiveState,SubState,InvocationID -- ${unit}')
  printf '%s\\n' "LoadState=$LoadState" "ActiveState=$ActiveState" "SubState=$SubState" "InvocationID=$InvocationID" ;;
'restart -- ${unit}')
  echo "$*" >> ${log()}
  [ -z "$hang" ] || exec sleep 60
  echo "InvocationID=$next" >> ${join(sshd.bin, 'state')}
  [ -z "$fails" ] && exit
  printf '%s\\n' ActiveState=failed SubState=failed >> ${join(sshd.bin, 'state')}
  echo 'Job for ${unit} failed. See journal. token=canary-1' >&2
  exit 1 ;;
*) echo "unexpected: $*" >&2; exit 64 ;;
esac
`;
    await writeFile(join(sshd.bin, 'systemctl'), script);
    await chmod(join(sshd.bin, 'systemctl'), 0o755);
  });

  it('is planned for the unit as it runs now, sent once, and believed only when it was started anew', async () => {
    const request = await planned('restart_service');
    expect(request.action).toMatchObject({
      class: 'probe',
      precondition: { unit, invocation: 'a1' },
      summary: 'restart shop-api.service on 127.0.0.1 (active, running)',
    });
    expect(await sshProvider.send(request)).toEqual({
      outcome: 'succeeded',
      detail: 'shop-api.service on 127.0.0.1 is active (running)',
    });
    expect(await restarts()).toBe(1);
  });

  it('is refused once the unit is no longer the one that was planned for: a repeat restarts nothing (defect 43)', async () => {
    const request = await planned('restart_service');
    await sshProvider.send(request);
    expect(await sshProvider.send(request)).toMatchObject({ outcome: 'refused' });
    expect(await restarts()).toBe(1);
  });

  it('can be asked about afterwards: done, or not known, but never "send it again"', async () => {
    const request = await planned('restart_service');
    expect(await sshProvider.probe!(request)).toBe('unknown');
    await sshProvider.send(request);
    expect(await sshProvider.probe!(request)).toBe('done');
    expect(await sshProvider.probe!({ ...request, target: target({ ssh: { port: 1 } }) })).toBe('unknown');
    expect(await restarts()).toBe(1);
  });

  it('that fails says what systemd said', async () => {
    await set({ fails: 'yes' });
    const result = await sshProvider.send(await planned('restart_service'));
    expect(result).toMatchObject({ outcome: 'failed', again: false });
    expect(result.detail).toMatch(/systemctl ended with 1: Job for shop-api.service failed.*is failed \(failed\)/);
    await set({ next: 'a1' });
    expect(await sshProvider.send(await planned('restart_service'))).toMatchObject({ outcome: 'failed' });
  });

  it('that does not come to an end in time is not known, whoever cut it off', async () => {
    await set({ hang: 'yes' });
    const request = await planned('restart_service');
    expect(await sshProvider.send({ ...request, signal: AbortSignal.timeout(1_500) })).toMatchObject({
      outcome: 'uncertain',
    });
    const limited = { ...request, action: { ...request.action, timeoutMs: 1_000 } };
    expect(await sshProvider.send(limited)).toMatchObject({ outcome: 'uncertain' });
  });

  it('is not planned where there is no such unit, none in the catalogue, or no machine to reach', async () => {
    await set({ LoadState: 'not-found', ActiveState: 'inactive', SubState: 'dead', InvocationID: '' });
    expect(await plan('restart_service')).toMatchObject({
      ok: false,
      reason: expect.stringContaining('is not-found') as string,
    });
    expect(await plan('restart_service', { ...target(), unit: undefined })).toMatchObject({ ok: false });
    expect(await plan('restart_service', { ...target(), ssh: undefined })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('nothing is done to the machine that Nightshift runs on') as string,
    });
    expect(await plan('restart_service', target({ ssh: { port: 1 } }))).toMatchObject({ ok: false, again: true });
    const other = target({ ssh: { hostKey: `SHA256:${'A'.repeat(43)}` } });
    expect(await plan('restart_service', other)).toMatchObject({
      ok: false,
      again: false,
      reason: expect.stringContaining('another host key') as string,
    });
    expect(await plan('restart_service', target(), { unit: 'sshd.service' })).toMatchObject({ ok: false });
    expect(await restarts()).toBe(0);
  });

  it('tells that nothing was sent from that nobody knows', async () => {
    const request = await planned('restart_service');
    expect(await sshProvider.send({ ...request, target: target({ ssh: { port: 1 } }) })).toMatchObject({
      outcome: 'failed',
      again: true,
      detail: expect.stringMatching(/^nothing was done: .*ECONNREFUSED/) as string,
    });
    const refused = target({ ssh: { keyFile: sshd.strangerKeyFile } });
    expect(await sshProvider.send({ ...request, target: refused })).toMatchObject({ outcome: 'failed', again: false });
  });

  it('goes through sudo where the catalogue says so, and only there', async () => {
    const sudo = join(sshd.bin, 'sudo');
    await writeFile(
      sudo,
      `#!/bin/sh\n[ "$1 $2" = "-n --" ] || exit 64\necho "$*" >> ${join(root, 'sudo')}\nshift 2\nexec "$@"\n`,
    );
    await chmod(sudo, 0o755);
    expect(await sshProvider.send(await planned('restart_service', target({ ssh: { sudo: true } })))).toMatchObject({
      outcome: 'succeeded',
    });
    expect(await readFile(join(root, 'sudo'), 'utf8')).toBe(`-n -- systemctl restart -- ${unit}\n`);
    await rm(sudo);
  });
});

describe('clear_cache of a folder', () => {
  const folder = () => join(root, 'app', 'tmp');
  beforeEach(async () => {
    await mkdir(join(folder(), 'deep', 'er'), { recursive: true });
    await writeFile(join(root, 'app', 'precious'), 'x');
    for (const name of ['a', 'deep/b', 'deep/er/c', '-rf', 'with\nbreak', '$(reboot)'])
      await writeFile(join(folder(), name), 'x'.repeat(1_000));
    await age();
  });
  /** Everything there was last written two hours ago. */
  const age = () => run('find', [root, '-type', 'f', '-exec', 'touch', '-d', '2 hours ago', '{}', '+']);
  const left = async () => (await run('find', [root, '-type', 'f', '-printf', '%P\n'])).stdout.trim().split('\n');

  it('removes the files under it, at any depth and with any name, and nothing else; again is harmless', async () => {
    const request = await planned('clear_cache', target({ folders: [folder()] }));
    expect(request.action).toMatchObject({
      class: 'idempotent',
      params: { folder: folder() },
      summary: `remove files older than 60 min from ${folder()} on 127.0.0.1: 6 files, 0.0 MB`,
    });
    expect(await sshProvider.send(request)).toMatchObject({
      outcome: 'succeeded',
      detail: expect.stringMatching(/^of 6 files, 0\.0 MB under .*, 0 files, 0\.0 MB are left$/) as string,
    });
    expect(await left()).toEqual(['app/precious']);
    expect(await readdir(join(folder(), 'deep'))).toEqual(['er']);
    expect(await sshProvider.send(request)).toMatchObject({ outcome: 'succeeded' });
  });

  it('leaves what was written after the cut-off of the plan, whenever it is sent, and is void once another age is allowed', async () => {
    const on = target({ folders: [folder()] });
    const request = await planned('clear_cache', on);
    await writeFile(join(folder(), 'a'), 'written since');
    await writeFile(join(folder(), 'new'), 'x');
    const older = target({ folders: [folder()], olderThanMinutes: 90 });
    expect(await sshProvider.send({ ...request, target: older })).toMatchObject({ outcome: 'refused' });
    expect(await sshProvider.send(request)).toMatchObject({ outcome: 'succeeded' });
    expect((await readdir(folder())).sort()).toEqual(['a', 'deep', 'new']);
    expect((await left()).length).toBe(3);
  });

  it('follows no symbolic link: not inside, not the folder itself, not on the way to it', async () => {
    const [outside, on] = [join(root, 'outside', 'data'), target({ folders: [folder()] })];
    await mkdir(outside, { recursive: true });
    await writeFile(join(outside, 'precious'), 'x');
    await age();
    await symlink(outside, join(folder(), 'inside'));
    await symlink(join(outside, 'precious'), join(folder(), 'file'));
    const request = await planned('clear_cache', on);
    expect(await sshProvider.send(request)).toMatchObject({ outcome: 'succeeded' });
    expect(await readdir(outside)).toEqual(['precious']);

    // Between plan and action, the folder becomes a link; then a folder above it does.
    await rm(folder(), { recursive: true });
    await symlink(outside, folder());
    const really = expect.stringContaining(`is really ${outside}: a symbolic link is not followed`) as string;
    expect(await sshProvider.send(request)).toEqual({ outcome: 'refused', detail: really });
    expect(await plan('clear_cache', on)).toMatchObject({ ok: false, reason: really });
    await rm(join(root, 'app'), { recursive: true });
    await mkdir(join(root, 'outside', 'tmp'));
    await writeFile(join(root, 'outside', 'tmp', 'precious'), 'x');
    await age();
    await symlink(join(root, 'outside'), join(root, 'app'));
    expect(await sshProvider.send(request)).toMatchObject({ outcome: 'refused' });
    expect((await left()).sort()).toEqual(['outside/data/precious', 'outside/tmp/precious']);
  });

  it('stays on the file system of the folder', async ({ skip }) => {
    const other = join(folder(), 'mounted');
    await mkdir(other);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', other]).catch(() =>
      skip('nothing can be mounted here: needs root'),
    );
    try {
      await writeFile(join(other, 'precious'), 'x');
      await age();
      await sshProvider.send(await planned('clear_cache', target({ folders: [folder()] })));
      expect(await readdir(other)).toEqual(['precious']);
    } finally {
      await run('umount', [other]);
    }
  });

  it('is refused for any folder that is not allowed to the letter, when it is planned and when it is sent', async () => {
    const on = target({ folders: [folder(), join(root, 'app')] });
    for (const name of ['/', '', '*', `${folder()}/`, `${folder()}/deep`, `${folder()}/../..`, root, `${root}/*`])
      expect(await plan('clear_cache', on, { folder: name }), name).toMatchObject({ ok: false, again: false });
    expect(await plan('clear_cache', on)).toMatchObject({ reason: expect.stringContaining('must name one') as string });
    expect(await plan('clear_cache', target())).toMatchObject({
      reason: expect.stringContaining('has no "clear"') as string,
    });
    const request = await planned('clear_cache', target({ folders: [folder()] }));
    expect(await sshProvider.send({ ...request, target: target({ folders: ['/var/tmp/other'] }) })).toMatchObject({
      outcome: 'refused',
    });
    expect(await readFile(join(folder(), 'deep', 'er', 'c'), 'utf8')).toHaveLength(1_000);
  });

  it('is never of a folder of the system, of one that is not whole, or of a pattern: the catalogue refuses it', () => {
    const parse = (path: string) =>
      Target.safeParse({ id: 'h', kind: 'host', clear: { folders: [path], olderThanMinutes: 60 } }).success;
    for (const path of [
      '/',
      '/tmp',
      '/etc/shop',
      '/usr/local/tmp',
      '/var/../etc/x',
      '/var/tmp/',
      '/var//tmp',
      '/var/tmp/*',
      'var/tmp',
      '/var/./tmp',
      '/proc/1',
    ])
      expect(parse(path), path).toBe(false);
    for (const path of ['/var/tmp', '/srv/shop/.cache/a..b', '/tmp/shop']) expect(parse(path), path).toBe(true);
  });

  it('says what could not be removed', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('an immutable file needs root');
    const held = join(folder(), 'a');
    await run('chattr', ['+i', held]).catch(() => skip('this file system has no immutable files'));
    try {
      const result = await sshProvider.send(await planned('clear_cache', target({ folders: [folder()] })));
      expect(result).toMatchObject({
        outcome: 'failed',
        again: false,
        detail: expect.stringContaining('Operation not permitted') as string,
      });
    } finally {
      await run('chattr', ['-i', held]);
    }
  });
});
