import { mkdir, mkdtemp, readdir, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlannedAction, Target } from '@nightshift/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskProvider } from './disk.ts';

let root: string;
let folder: string;
let outside: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'nightshift-disk-')));
  folder = join(root, 'temporary');
  outside = join(root, 'outside');
  for (const path of [folder, outside]) await mkdir(path);
});
afterEach(() => rm(root, { recursive: true }));

type Disk = Extract<Target, { kind: 'disk' }>;
const disk = (given: Partial<Disk> = {}): Disk => ({
  id: 'temp-files',
  kind: 'disk',
  actions: ['clear_cache'],
  path: folder,
  clear: { olderThanMinutes: 60, mostFiles: 1_000 },
  ...given,
});
const file = async (path: string, ageMinutes: number) => {
  await writeFile(path, 'x'.repeat(1_000));
  const at = Date.now() / 1_000 - ageMinutes * 60;
  await utimes(path, at, at);
};
const signal = AbortSignal.timeout(10_000);
const plan = (target: Disk, env = {}) =>
  diskProvider.plan({ target, type: 'clear_cache', params: {}, rollback: null, env, signal });
async function planned(target: Disk) {
  const answer = await plan(target);
  if (!answer.ok) throw new Error(answer.reason);
  return { ...answer.call, step: 0, type: 'clear_cache', target: target.id } as PlannedAction;
}
const send = (target: Disk, action: PlannedAction) =>
  diskProvider.send({ target, key: 'act-1', incidentId: 'inc-1', action, env: {}, signal });

describe('clearing a folder', () => {
  it('defect 41: a full disk is mended by removing old files of the allowed folder, nothing else; again is harmless', async () => {
    await mkdir(join(folder, 'deep'));
    await file(join(folder, 'old.tmp'), 120);
    await file(join(folder, 'deep', 'old.tmp'), 120);
    await file(join(folder, 'young.tmp'), 5);
    await file(join(outside, 'old.tmp'), 120);
    const action = await planned(disk());
    expect(action).toMatchObject({
      class: 'idempotent',
      summary: expect.stringContaining('2 files, 0.0 MB') as string,
    });
    expect(await send(disk(), action)).toEqual({
      outcome: 'succeeded',
      detail: `removed 2 files, 0.0 MB from ${folder}`,
    });
    expect((await send(disk(), action)).detail).toContain('removed 0 files');
    expect((await readdir(root, { recursive: true })).sort()).toEqual([
      'outside',
      'outside/old.tmp',
      'temporary',
      'temporary/deep',
      'temporary/young.tmp',
    ]);
  });

  it('follows no link, neither of a folder nor of a file', async () => {
    await file(join(outside, 'precious'), 120);
    await symlink(outside, join(folder, 'linked'));
    await symlink(join(outside, 'precious'), join(folder, 'link.tmp'));
    await file(join(folder, 'old.tmp'), 120);
    await send(disk(), await planned(disk()));
    expect(await readdir(outside)).toEqual(['precious']);
    expect((await readdir(folder)).sort()).toEqual(['link.tmp', 'linked']);
  });

  it.each<[string, () => Partial<Disk>, RegExp]>([
    ['a root', () => ({ path: '/tmp' }), /two levels below/],
    ['a way out', () => ({ path: `${folder}/../outside` }), /without links and "\.\."/],
    ['a link', () => ({ path: join(root, 'link') }), /leads to .*outside/],
    ['no folder', () => ({ path: join(outside, 'file') }), /is no folder/],
    ['nothing', () => ({ path: join(root, 'nothing') }), /ENOENT/],
    ['a name that is not set', () => ({ path: undefined, pathEnv: 'FOLDER' }), /FOLDER is not set/],
    ['a target that says nothing of clearing', () => ({ clear: undefined }), /has no "clear"/],
  ])('refuses %s', async (_, given, words) => {
    await symlink(outside, join(root, 'link'));
    await file(join(outside, 'file'), 120);
    expect(await plan(disk(given()))).toMatchObject({ ok: false, reason: expect.stringMatching(words) as string });
  });

  it('removes so many files at once, and plans nothing where nothing is old', async () => {
    for (let i = 0; i < 5; i++) await file(join(folder, `${i}.tmp`), 120);
    const two = disk({ clear: { olderThanMinutes: 60, mostFiles: 2 } });
    const action = await planned(two);
    await send(two, action);
    expect(await readdir(folder)).toHaveLength(3);
    expect(await plan(disk({ clear: { olderThanMinutes: 300, mostFiles: 2 } }))).toMatchObject({ ok: false });
  });

  it('refuses when folder, allowance or age are no longer those of the plan', async () => {
    await file(join(folder, 'old.tmp'), 120);
    const action = await planned(disk());
    expect(await send(disk({ clear: { olderThanMinutes: 90, mostFiles: 9 } }), action)).toMatchObject({
      outcome: 'refused',
    });
    expect(await send(disk({ path: outside }), action)).toMatchObject({ outcome: 'refused' });
    await rm(folder, { recursive: true });
    await file(join(outside, 'x'), 0); // so that the inode is not given out again
    await mkdir(`${folder}2`);
    await mkdir(folder);
    await file(join(folder, 'old.tmp'), 120);
    expect(await send(disk(), action)).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining('another folder') as string,
    });
  });
});
