import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Brings the `dist` of a room, and of those that it uses, up to date: for tests whose process must be one of its own. `room`: its folder. */
export async function buildRoom(room: URL): Promise<void> {
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-b', fileURLToPath(room)]);
}
