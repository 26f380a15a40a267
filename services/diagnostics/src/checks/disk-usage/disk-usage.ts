import { statfs } from 'node:fs/promises';
import { referenced, unknown, type Check, type Finding, type SubjectOf } from '../../check.ts';

const fullPercent = 90;

/** How full the file system of a path is, in bytes and in inodes, as `df` counts. */
export const diskUsage: Check<SubjectOf<'disk'>, 'disk_usage'> = {
  id: 'disk_usage',
  appliesTo: (subject) => subject.kind === 'disk',
  async run(context) {
    const { path, pathEnv, id } = context.subject;
    const folder = path ?? (pathEnv && referenced(context, pathEnv));
    if (!folder) return unknown(`target "${id}" names neither a path nor a pathEnv`);
    // Nothing to cut here: the kernel answers or, on a dead network mount, does not; the deadline then answers for it.
    return judge(folder, await statfs(folder));
  },
};

type Space = { bsize: number; blocks: number; bfree: number; bavail: number; files: number; ffree: number };

export function judge(path: string, space: Space): Finding<'disk_usage'> {
  const used = space.blocks - space.bfree;
  const usedPercent = percent(used, used + space.bavail);
  if (usedPercent === null) return unknown(`${path} is on a file system that has no size`);
  // Some file systems (btrfs, FAT) have no inodes to run out of.
  const inodesUsedPercent = percent(space.files - space.ffree, space.files);
  const facts = {
    usedPercent,
    freeBytes: space.bavail * space.bsize,
    totalBytes: space.blocks * space.bsize,
    inodesUsedPercent,
    inodesFree: space.files > 0 ? space.ffree : null,
  };
  const full = usedPercent > fullPercent || (inodesUsedPercent !== null && inodesUsedPercent > fullPercent);
  const inodes = inodesUsedPercent === null ? '' : `, ${inodesUsedPercent}% of inodes`;
  const gigabytes = (facts.freeBytes / 1_073_741_824).toFixed(1);
  return {
    status: full ? 'degraded' : 'ok',
    facts,
    output: `${path}: ${usedPercent}% used${inodes}, ${gigabytes} GB free`,
  };
}

const percent = (part: number, whole: number) => (whole > 0 ? Math.round((part / whole) * 1_000) / 10 : null);
