const outputBytes = 1024 * 1024;

/** How a program ended: `exitCode` is null after a signal, or when it was stopped for printing too much. */
export type Ran = { exitCode: number | null; stdout: string; stderr: string; truncated: boolean };

export type Collected = { readonly truncated: boolean; text(): string };

/** Keeps the first mebibyte of a stream; whoever writes more is stopped. */
export function collect(stream: NodeJS.ReadableStream, stop: () => void): Collected {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const collected = { truncated: false, text: () => Buffer.concat(chunks).toString('utf8', 0, outputBytes) };
  stream.on('data', (chunk: Buffer) => {
    if (collected.truncated) return;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= outputBytes) return;
    collected.truncated = true;
    stop();
  });
  return collected;
}
