import { spawn } from 'node:child_process';

const outputBytes = 1024 * 1024;

export type Ran = { exitCode: number | null; stdout: string; stderr: string; truncated: boolean };

/**
 * Runs one program with fixed arguments: no shell, no environment of ours, no input. Only programs that were allowed where
 * diagnostics runs, by their absolute path: a catalogue alone cannot make us run anything. On abort its whole process group is killed.
 */
export function runCommand(argv: readonly string[], allowed: ReadonlySet<string>, signal: AbortSignal): Promise<Ran> {
  const [program = '', ...args] = argv;
  if (!allowed.has(program)) {
    return Promise.reject(
      new Error(`${program} is not allowed here: add it to DIAGNOSTIC_COMMANDS where diagnostics runs`),
    );
  }
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, args, {
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a process group of its own, so that its children end with it
    });
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    const stdout = collect(child.stdout, kill);
    const stderr = collect(child.stderr, kill);
    const abort = () => {
      kill();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    child.once('error', reject);
    child.once('close', (exitCode) => {
      signal.removeEventListener('abort', abort);
      const truncated = stdout.truncated || stderr.truncated;
      resolve({ exitCode: truncated ? null : exitCode, stdout: stdout.text(), stderr: stderr.text(), truncated });
    });
  });
}

/** Keeps the first bytes; whoever writes more is stopped. */
function collect(stream: NodeJS.ReadableStream, stop: () => void) {
  const chunks: Buffer[] = [];
  const collected = { bytes: 0, truncated: false, text: () => Buffer.concat(chunks).toString('utf8', 0, outputBytes) };
  stream.on('data', (chunk: Buffer) => {
    if (collected.truncated) return;
    chunks.push(chunk);
    collected.bytes += chunk.length;
    if (collected.bytes <= outputBytes) return;
    collected.truncated = true;
    stop();
  });
  return collected;
}
