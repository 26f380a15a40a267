import { now } from '@nightshift/db';
import {
  createToken,
  limitToken,
  listTokens,
  revokeToken,
  rotateToken,
  type TokenLimits,
  type TokenScope,
} from '@nightshift/runtime';
import { NightshiftError } from '@nightshift/types';
import { say } from '../speak.ts';
import { withDatabase } from './database.ts';

const dayMs = 24 * 60 * 60 * 1_000;
const day = (at: number | null) => (at === null ? '–' : new Date(at).toISOString().slice(0, 16));

/** What a token may, as it was typed: `default` is what every token may. */
export type LimitOptions = { [K in keyof TokenLimits]?: number | 'default' };

const asLimits = (options: LimitOptions): TokenLimits =>
  Object.fromEntries(Object.entries(options).map(([limit, typed]) => [limit, typed === 'default' ? null : typed]));

const hourMs = 60 * 60 * 1_000;

export type CreateOptions = LimitOptions & { days?: number; scope: TokenScope[] };

/** Makes a token that may push, and prints its secret, this once. */
export const createIngestToken = (name: string, { days, scope: scopes, ...limits }: CreateOptions) =>
  withDatabase(async (db) => {
    const expiresAt = days ? (await now(db)) + days * dayMs : null;
    const token = await createToken(db, { name, scopes, expiresAt, limits: asLimits(limits) });
    tellSecret(token);
    return 0;
  });

/** Makes the token that replaces another, and prints its secret, this once. Both are taken until the old one ends. */
export const rotateIngestToken = (id: number, options: { graceHours: number }) =>
  withDatabase(async (db) => {
    tellSecret(await rotateToken(db, id, { graceMs: options.graceHours * hourMs }));
    process.stderr.write(`token ${id} is taken for another ${options.graceHours} h\n`);
    return 0;
  });

function tellSecret({ id, name, secret, scopes, expiresAt }: Awaited<ReturnType<typeof createToken>>): void {
  say(secret);
  const until = expiresAt ? ` until ${day(expiresAt)}` : '';
  process.stderr.write(
    `token ${id} "${name}" may push ${scopes.includes('ingest') ? 'everything' : scopes.join(' and ')}${until}. It is shown only now.\n`,
  );
}

/** Changes what the sender of a token may; prints what now differs from what every sender may. */
export const limitIngestToken = (id: number, options: LimitOptions) =>
  withDatabase(async (db) => {
    say(`token ${id}: ${limitsInWords(await limitToken(db, id, asLimits(options)))}`);
    return 0;
  });

export const listIngestTokens = (options: { json: boolean }) =>
  withDatabase(async (db) => {
    const tokens = await listTokens(db);
    if (options.json) {
      say(JSON.stringify(tokens));
      return 0;
    }
    const row = (cells: string[]) =>
      say(
        cells
          .map((cell, i) => cell.padEnd([6, 8, 18, 18, 18, 16, 0, 0][i]!))
          .join('')
          .trimEnd(),
      );
    row(['id', 'sender', 'created', 'expires', 'revoked', 'scopes', 'name']);
    for (const { id, sender, createdAt, expiresAt, revokedAt, scopes, name, limits } of tokens) {
      const own = Object.keys(limits).length > 0 ? ` (${limitsInWords(limits)})` : '';
      row([String(id), String(sender), day(createdAt), day(expiresAt), day(revokedAt), scopes.join(','), name, own]);
    }
    return 0;
  });

const limitsInWords = (limits: TokenLimits): string =>
  Object.entries(limits)
    .map(([limit, value]) => `${limit} ${value}`)
    .join(', ') || 'what every token may';

/** Ends a token. Throws NOT_FOUND where there is none of that id still in force. */
export const revokeIngestToken = (id: number) =>
  withDatabase(async (db) => {
    if (!(await revokeToken(db, id))) throw new NightshiftError('NOT_FOUND', `there is no token ${id} in force`);
    say(`token ${id} is revoked; within five seconds nobody takes it any more`);
    return 0;
  });
