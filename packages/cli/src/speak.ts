import { userInfo } from 'node:os';
import { NightshiftError } from '@nightshift/types';
import type { z } from 'zod';

/** A line on stdout. */
export const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Who a command says that it is of: `--by`, or the name one is logged in by. */
export const whoami = (by: string | undefined) => by ?? userInfo().username;

/** Epoch ms as 2026-01-05 09:00, in UTC. */
export const moment = (at: number) => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

/** What was asked for, if it is right. Throws BODY_INVALID that names the first thing wrong with it; `name`: what it is as a whole. */
export function accept<T extends z.ZodType>(schema: T, asked: unknown, name: string): z.infer<T> {
  const parsed = schema.safeParse(asked);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new NightshiftError('BODY_INVALID', `${issue!.path.join('.') || name}: ${issue!.message}`);
}

/** What holds something for a while and always has an end: a silence, a freeze. */
type Lasting = { startsAt: number; endsAt: number; endedAt: number | null; endedBy: string | null };

/** Where it stands at `at`, in words. */
export function stateOf({ startsAt, endsAt, endedAt, endedBy }: Lasting, at: number): string {
  if (endedAt !== null) return `ended ${moment(endedAt)} by ${endedBy}`;
  if (endsAt <= at) return `over since ${moment(endsAt)}`;
  return startsAt > at ? `from ${moment(startsAt)} to ${moment(endsAt)}` : `until ${moment(endsAt)}`;
}
