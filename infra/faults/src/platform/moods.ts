import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { Reply } from './platform.ts';

/** How a request for a change goes wrong on the way, by itself. */
export type Mood =
  | 'prompt'
  | 'late'
  | 'twice'
  | 'never'
  | 'refused'
  | 'reset_before'
  | 'reset_after'
  | 'cut'
  | 'slow_to_act';

const shares: [Mood, number][] = [
  ['late', 0.08],
  ['twice', 0.04],
  ['never', 0.03],
  ['refused', 0.03],
  ['reset_before', 0.03],
  ['reset_after', 0.03],
  ['cut', 0.03],
  ['slow_to_act', 0.06],
];

export function moodOf(random: Random): Mood {
  let left = random.next();
  for (const [mood, share] of shares) {
    left -= share;
    if (left < 0) return mood;
  }
  return 'prompt';
}

/** Answers as the mood is: late, with a second answer behind the first, with a half of one, with a reset connection, or not at all. */
export async function answer(response: ServerResponse, { status, body }: Reply, mood: Mood): Promise<void> {
  const text = JSON.stringify(body);
  const { socket } = response;
  if (mood === 'never') return;
  if (mood === 'reset_after') return void socket?.resetAndDestroy();
  if (mood === 'late') await pause(250);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  if (mood === 'cut') {
    response.write(text.slice(0, text.length / 2));
    setTimeout(() => socket?.destroy(), 50);
    return;
  }
  await new Promise<void>((resolve) => response.end(text, resolve));
  if (mood === 'twice' && socket?.writable)
    socket.write(`HTTP/1.1 ${status} Again\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}
