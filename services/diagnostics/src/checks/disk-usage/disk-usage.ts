import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { SshAccess } from '@nightshift/types';
import { referenced, unknown, type Check, type CheckContext, type Finding, type SubjectOf } from '../../check.ts';
import { printed, runThere } from '../../command.ts';

const fullPercent = 90;
const mostEntries = 100_000;

/** How full the file system of a path is, in bytes and in inodes, as `df` counts; or a folder, of the size that it may have. */
export const diskUsage: Check<SubjectOf<'disk'>, 'disk_usage'> = {
  id: 'disk_usage',
  appliesTo: (subject) => subject.kind === 'disk',
  async run(context) {
    const { path, pathEnv, id, ssh, limitBytes } = context.subject;
    const folder = path ?? (pathEnv && referenced(context, pathEnv));
    if (!folder) return unknown(`target "${id}" names neither a path nor a pathEnv`);
    if (limitBytes !== undefined && ssh) return unknown(`target "${id}": files on another machine are not counted`);
    if (limitBytes !== undefined) return judgeFolder(folder, limitBytes, context.signal);
    // Nothing to cut on this machine: the kernel answers or, on a dead network mount, does not; the deadline then answers for it.
    return ssh
      ? judge(`${folder} on ${ssh.host}`, await statfsThere(context, ssh, folder))
      : judge(folder, await statfs(folder));
  },
};

type Space = { bsize: number; blocks: number; bfree: number; bavail: number; files: number; ffree: number };

/** The numbers that `stat -f` prints in this order: https://www.gnu.org/software/coreutils/manual/html_node/stat-invocation.html */
const format = '%S %b %f %a %c %d';

async function statfsThere(context: CheckContext<SubjectOf<'disk'>>, ssh: SshAccess, folder: string): Promise<Space> {
  const text = printed(await runThere(context, ssh, ['stat', '-f', '-c', format, '--', folder]), 'stat');
  const [bsize, blocks, bfree, bavail, files, ffree] = text.trim().split(' ').map(Number);
  if (!Number.isFinite(ffree)) throw new Error(`stat on ${ssh.host} did not print six numbers: ${text.slice(0, 200)}`);
  return { bsize: bsize!, blocks: blocks!, bfree: bfree!, bavail: bavail!, files: files!, ffree: ffree! };
}

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

/** The files under a folder against its quota. Too many of them to count in time are no answer. */
async function judgeFolder(folder: string, limitBytes: number, signal: AbortSignal): Promise<Finding<'disk_usage'>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  if (files.length > mostEntries) return unknown(`${folder} has ${files.length} files: they are not counted`);
  let usedBytes = 0;
  for (const { parentPath, name } of files) {
    signal.throwIfAborted();
    usedBytes += await stat(join(parentPath, name)).then(
      ({ size }) => size,
      () => 0,
    ); // gone meanwhile
  }
  const usedPercent = percent(usedBytes, limitBytes)!;
  return {
    status: usedPercent > fullPercent ? 'degraded' : 'ok',
    facts: { usedPercent, freeBytes: Math.max(0, limitBytes - usedBytes), totalBytes: limitBytes },
    output: `${folder}: ${usedPercent}% of its ${limitBytes} bytes used by ${files.length} files`,
  };
}

const percent = (part: number, whole: number) => (whole > 0 ? Math.round((part / whole) * 1_000) / 10 : null);
