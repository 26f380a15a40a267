import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { context } from '../../stand-ins.ts';
import { diskUsage, judge } from './disk-usage.ts';

const disk = (given: Partial<SubjectOf<'disk'>>): SubjectOf<'disk'> => ({
  id: 'shop-disk',
  kind: 'disk',
  actions: [],
  ...given,
});
const space = { bsize: 4_096, blocks: 1_000, bfree: 500, bavail: 450, files: 100, ffree: 50 };

describe('disk_usage', () => {
  it('reads the real file system of the path that the catalogue names, without a shell (defects 17 and 23)', async () => {
    const { status, facts } = await diskUsage.run(context({ subject: disk({ path: '/tmp' }) }));
    expect(['ok', 'degraded']).toContain(status);
    expect(facts['totalBytes']).toBeGreaterThan(0);
    expect((await diskUsage.run(context({ subject: disk({ pathEnv: 'DATA' }), env: { DATA: '/' } }))).status).not.toBe(
      'unknown',
    );
  });

  it('counts like df: what root keeps for itself is not free', () => {
    expect(judge('/', space).facts).toMatchObject({ usedPercent: 52.6, inodesUsedPercent: 50 });
  });

  it('is degraded above 90% of bytes or of inodes, not at 90', () => {
    expect(judge('/', { ...space, bfree: 100, bavail: 100 }).status).toBe('ok');
    expect(judge('/', { ...space, bfree: 99, bavail: 99 }).status).toBe('degraded');
    expect(judge('/', { ...space, ffree: 5 }).status).toBe('degraded');
  });

  it('counts a folder that has a quota against that', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nightshift-disk-'));
    await writeFile(join(folder, 'file'), 'x'.repeat(950));
    const look = async (limitBytes: number) => diskUsage.run(context({ subject: disk({ path: folder, limitBytes }) }));
    expect(await look(1_000)).toMatchObject({ status: 'degraded', facts: { usedPercent: 95, freeBytes: 50 } });
    expect(await look(2_000)).toMatchObject({ status: 'ok', facts: { usedPercent: 47.5, totalBytes: 2_000 } });
    await rm(folder, { recursive: true });
  });

  it('is unknown, not ok, where there is nothing to measure (defect 22)', async () => {
    expect(judge('/proc', { ...space, blocks: 0, bfree: 0, bavail: 0 }).status).toBe('unknown');
    expect((await diskUsage.run(context({ subject: disk({}) }))).output).toContain('neither a path nor a pathEnv');
    await expect(diskUsage.run(context({ subject: disk({ path: '/no/such/folder' }) }))).rejects.toThrow('ENOENT');
    await expect(diskUsage.run(context({ subject: disk({ pathEnv: 'DATA' }) }))).rejects.toThrow(
      'DATA, which target "shop-disk" names, is not set',
    );
  });
});
