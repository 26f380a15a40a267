import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Whom the server runs as: nobody in particular (ourselves), or, when we are root, the system's unprivileged user. */
export type ServerUser = { uid?: number; gid?: number };

const systemFolder = '/var/lib/nightshift';

/** Postgres refuses to run as root, so root hands it to `nobody`, which every system has. */
export async function serverUser(): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return {};
  const users = await readFile('/etc/passwd', 'utf8');
  const nobody = users
    .split('\n')
    .find((line) => line.startsWith('nobody:'))
    ?.split(':');
  return { uid: Number(nobody?.[2] ?? 65_534), gid: Number(nobody?.[3] ?? 65_534) };
}

/** The folder itself, or, where that user may not pass through its parents (a clone under /root), one of its own elsewhere. */
export async function reachableFolder(path: string, user: ServerUser): Promise<string> {
  if (user.uid === undefined) return path;
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const info = await stat(folder).catch(() => null);
    if (info && (info.mode & 0o001) === 0 && info.uid !== user.uid) {
      await makeReachable(systemFolder);
      return join(systemFolder, `${basename(path)}-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`);
    }
  }
  return path;
}

/** Made if missing; everybody may pass through it, whatever the umask says. */
async function makeReachable(folder: string) {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
}

/** Copies a folder of programs so that everybody can read and run them; complete or not there at all. */
export async function copyReadable(from: string, to: string): Promise<void> {
  const half = `${to}.${process.pid}`;
  await cp(from, half, { recursive: true, verbatimSymlinks: true });
  for (const entry of await readdir(half, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
  await chmod(half, 0o755);
  await rename(half, to).catch(async (error: unknown) => {
    await rm(half, { recursive: true, force: true });
    if (!(await stat(to).catch(() => null))) throw error; // otherwise somebody else was faster: the same files
  });
}
