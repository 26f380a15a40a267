import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Whom the server runs as: nobody in particular (ourselves), or, when we are root, the system's unprivileged user. */
export type ServerUser = { uid?: number; gid?: number };

const systemFolder = '/var/lib/nightshift';

/** Postgres refuses to run as root, so root hands it to `nobody`, which every system has. */
export async function serverUser(): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return {};
  const users = await readFile('/etc/passwd', 'utf8');
  const nobody = users.split('\n').find((line) => line.startsWith('nobody:'))?.split(':');
  return { uid: Number(nobody?.[2] ?? 65_534), gid: Number(nobody?.[3] ?? 65_534) };
}

/** The folder itself, or, where that user may not pass through its parents (a clone under /root), one of its own elsewhere. */
export async function reachableFolder(path: string, user: ServerUser): Promise<string> {
  if (user.uid === undefined) return path;
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const info = await stat(folder).catch(() => null);
    if (info && (info.mode & 0o001) === 0 && info.uid !== user.uid) {
      return join(systemFolder, `${basename(path)}-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`);
    }
  }
  return path;
}
