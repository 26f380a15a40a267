import { now } from '@nightshift/db';
import { createToken, listTokens, revokeToken } from '@nightshift/runtime';
import { NightshiftError } from '@nightshift/types';
import { withDatabase } from './database.ts';

const dayMs = 24 * 60 * 60 * 1_000;
const say = (text: string) => void process.stdout.write(`${text}\n`);
const day = (at: number | null) => (at === null ? '–' : new Date(at).toISOString().slice(0, 16));

/** Makes a token that may push samples and deployments, and prints its secret, this once. */
export const createIngestToken = (name: string, options: { days?: number }) =>
  withDatabase(async (db) => {
    const expiresAt = options.days ? (await now(db)) + options.days * dayMs : null;
    const token = await createToken(db, { name, scopes: ['ingest'], expiresAt });
    say(token.secret);
    process.stderr.write(
      `token ${token.id} "${name}" may push samples and deployments${expiresAt ? ` until ${day(expiresAt)}` : ''}. It is shown only now.\n`,
    );
    return 0;
  });

export const listIngestTokens = () =>
  withDatabase(async (db) => {
    say(`${'id'.padEnd(6)}${'created'.padEnd(18)}${'expires'.padEnd(18)}${'revoked'.padEnd(18)}name`);
    for (const token of await listTokens(db)) {
      say(
        `${String(token.id).padEnd(6)}${day(token.createdAt).padEnd(18)}${day(token.expiresAt).padEnd(18)}${day(token.revokedAt).padEnd(18)}${token.name}`,
      );
    }
    return 0;
  });

/** Ends a token. Throws NOT_FOUND where there is none of that id still in force. */
export const revokeIngestToken = (id: number) =>
  withDatabase(async (db) => {
    if (!(await revokeToken(db, id))) throw new NightshiftError('NOT_FOUND', `there is no token ${id} in force`);
    say(`token ${id} is revoked; within five seconds nobody takes it any more`);
    return 0;
  });
