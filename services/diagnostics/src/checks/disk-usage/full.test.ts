import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { context } from '../../stand-ins.ts';
import { diskUsage } from './disk-usage.ts';

const run = promisify(execFile);

describe('disk_usage on a file system that really fills up', () => {
  it('is ok while there is room, degraded when bytes or inodes run out', async ({ skip }) => {
    const folder = await mkdtemp(join(tmpdir(), 'nightshift-full-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m,nr_inodes=40', 'tmpfs', folder]).catch(async () => {
      await rm(folder, { recursive: true });
      skip('a file system cannot be mounted here: needs root');
    });
    const look = () => diskUsage.run(context({ subject: { id: 'disk', kind: 'disk', path: folder, actions: [] } }));
    try {
      expect(await look()).toMatchObject({ status: 'ok', facts: { totalBytes: 2 * 1024 * 1024 } });
      await expect(writeFile(join(folder, 'big'), Buffer.alloc(3 * 1024 * 1024))).rejects.toThrow('ENOSPC');
      const full = await look();
      expect(full).toMatchObject({ status: 'degraded', facts: { freeBytes: 0, usedPercent: 100 } });
      await rm(join(folder, 'big'));
      for (let i = 0; i < 38; i++) await writeFile(join(folder, `small-${i}`), '');
      const { status, facts } = await look();
      expect(status).toBe('degraded');
      expect(facts.inodesUsedPercent).toBeGreaterThan(90);
      expect(facts.usedPercent).toBeLessThan(50);
    } finally {
      await run('umount', [folder]);
      await rm(folder, { recursive: true });
    }
  });
});
