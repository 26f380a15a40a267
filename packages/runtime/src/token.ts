import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { now, only, type Db, type Sql } from '@nightshift/db';
import { inputLimits, NightshiftError } from '@nightshift/types';
import { z } from 'zod';

/** What a token may allow: pushing samples, alerts (heartbeats too) or changes; `ingest` is all of it. */
export type TokenScope = 'ingest' | 'samples' | 'alerts' | 'changes';

/** What one sender may, where it differs from what every sender may; null is no difference. Who replaces its token keeps it. */
export const TokenLimits = z.strictObject({
  samplesPerSecond: z.number().int().min(1).max(inputLimits.samplesPerSecondPerToken.max).nullish(),
  newSeriesPerSecond: z.number().int().min(1).max(inputLimits.newSeriesPerSecondPerToken.max).nullish(),
  maxSeries: z.number().int().min(0).max(inputLimits.seriesTotal).nullish(),
  labelsPerSample: z.number().int().min(0).max(inputLimits.labelsPerSample).nullish(),
  bodyBytes: z.number().int().min(1).max(inputLimits.bodyBytes).nullish(),
});
export type TokenLimits = z.infer<typeof TokenLimits>;

/** A token as it may be shown: its secret is known to its owner alone. Times are epoch ms. */
export type Token = {
  id: number;
  /** The first token of its line: one that replaces another is the same sender. */
  sender: number;
  name: string;
  scopes: TokenScope[];
  limits: TokenLimits;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
};

const columns = `id, coalesce(first_id, id) AS sender, name, scopes, limits, created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt"`;
const inForce = `revoked_at IS NULL AND (expires_at IS NULL OR expires_at > nightshift_now())`;
const firstOf = `(SELECT coalesce(first_id, id) FROM api_token WHERE id = $1)`;
const secretShape = /^nst_[A-Za-z0-9_-]{43}$/;

/** What the database keeps of a token. Its secret has 256 random bits, so that a plain SHA-256 gives nothing away. */
export const hashToken = (secret: string): Buffer => createHash('sha256').update(secret).digest();

type NewToken = {
  name: string;
  scopes: readonly TokenScope[];
  expiresAt?: number | null;
  limits?: TokenLimits;
  /** The first token of the line that it goes on. */
  firstId?: number;
};

/** Makes a token and returns it with its secret text, `nst_…`, which nobody can read again. `expiresAt`: epoch ms, database clock. */
export async function createToken(sql: Sql, given: NewToken): Promise<Token & { secret: string }> {
  const secret = `nst_${randomBytes(32).toString('base64url')}`;
  const { name, scopes, expiresAt = null, limits = {}, firstId = null } = given;
  const rows = await sql.query<Token>(
    `INSERT INTO api_token (name, token_hash, scopes, expires_at, limits, first_id) VALUES ($1, $2, $3, ms($4), $5, $6) RETURNING ${columns}`,
    [name, hashToken(secret), scopes, expiresAt, TokenLimits.parse(limits), firstId],
  );
  return { ...only(rows), secret };
}

/**
 * Makes the token that replaces one in force: same name, scopes, limits and length of life. The replaced one ends after `graceMs`; one that it had itself
 * replaced ends now, so that never more than two of a sender are in force. Throws NOT_FOUND, or CONFLICT if it was replaced already.
 */
export function rotateToken(db: Db, id: number, options: { graceMs: number }): Promise<Token & { secret: string }> {
  return db.tx(async (tx) => {
    // Who rotates the same line meanwhile waits here, and then sees what we did.
    await tx.query(`SELECT FROM api_token WHERE id = ${firstOf} FOR UPDATE`, [id]);
    const line = await tx.query<Token>(
      `SELECT ${columns} FROM api_token WHERE coalesce(first_id, id) = ${firstOf} AND ${inForce} ORDER BY api_token.id DESC`,
      [id],
    );
    const [newest, ...older] = line;
    if (!newest || !line.some((token) => token.id === id)) throw notInForce(id);
    if (newest.id !== id)
      throw new NightshiftError('CONFLICT', `token ${id} was replaced by ${newest.id}: rotate that`);
    const at = await now(tx);
    const { name, scopes, limits, sender, createdAt, expiresAt } = newest;
    for (const { id: olderId } of older) await revokeToken(tx, olderId);
    await tx.query(`UPDATE api_token SET expires_at = least(expires_at, ms($2)) WHERE id = $1`, [
      id,
      Math.round(at) + options.graceMs,
    ]);
    const ends = expiresAt === null ? null : Math.round(at + (expiresAt - createdAt));
    return createToken(tx, { name, scopes, limits, expiresAt: ends, firstId: sender });
  });
}

/** Changes what the sender of a token may, in all its tokens in force; returns what now differs from others. Throws NOT_FOUND. */
export async function limitToken(sql: Sql, id: number, change: TokenLimits): Promise<TokenLimits> {
  const rows = await sql.query<{ limits: TokenLimits }>(
    `UPDATE api_token SET limits = jsonb_strip_nulls(limits || $2)
      WHERE coalesce(first_id, id) = ${firstOf} AND ${inForce} RETURNING limits`,
    [id, TokenLimits.parse(change)],
  );
  if (!rows[0]) throw notInForce(id);
  return rows[0].limits;
}

const notInForce = (id: number) => new NightshiftError('NOT_FOUND', `there is no token ${id} in force`);

/** Every token, the newest first. */
export const listTokens = (sql: Sql): Promise<Token[]> =>
  sql.query<Token>(`SELECT ${columns} FROM api_token ORDER BY id DESC`);

/** Ends a token; within `tokenCacheMs` no process takes it any more. Returns false if there is none of that id that still was in force. */
export async function revokeToken(sql: Sql, id: number): Promise<boolean> {
  const rows = await sql.query(
    `UPDATE api_token SET revoked_at = nightshift_now() WHERE id = $1 AND revoked_at IS NULL RETURNING id`,
    [id],
  );
  return rows.length > 0;
}

export type ActiveToken = Pick<Token, 'id' | 'sender' | 'name' | 'scopes' | 'limits'> & {
  hash: Buffer;
  leftMs: number | null;
};

/** Every token in force, with the time it has left by the database clock (null: no end). */
export const activeTokens = (sql: Sql): Promise<ActiveToken[]> =>
  sql.query<ActiveToken>(
    `SELECT id, coalesce(first_id, id) AS sender, name, scopes, limits, token_hash AS hash,
            (extract(epoch FROM expires_at - nightshift_now()) * 1000)::float8 AS "leftMs"
       FROM api_token WHERE ${inForce}`,
  );

/** Longest time for which a revoked token may still be taken. */
export const tokenCacheMs = 5_000;
/** A token nobody knows makes the list be read again, but never more often than this, whoever floods us with guesses. */
const rereadMs = 250;

export type TokenCheck = (
  authorization: string | undefined,
  scope: TokenScope,
) => Promise<Pick<Token, 'id' | 'sender' | 'name' | 'limits'>>;

/** The secret in a header: a Bearer token, or the password of Basic for senders that can only put it into an address. */
function secretIn(authorization: string): string | undefined {
  const basic = /^Basic +([A-Za-z0-9+/=]{1,400})$/i.exec(authorization)?.[1];
  if (basic) return Buffer.from(basic, 'base64').toString('latin1').split(':')[1];
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

/**
 * Checks `Authorization: Bearer nst_…` (or the password of Basic) against the tokens in force, which `load` reads; their list is kept for at most 5 s. Rejects
 * with AUTH_MISSING, AUTH_INVALID (unknown, expired and revoked look alike), AUTH_SCOPE, or whatever `load` rejects with.
 */
export function createTokenCheck(load: () => Promise<ActiveToken[]>): TokenCheck {
  let known = new Map<string, ActiveToken>();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  const reload = () =>
    (loading ??= (async () => {
      const startedAt = performance.now();
      const tokens = await load();
      known = new Map(tokens.map((token) => [token.hash.toString('base64'), token]));
      loadedAt = startedAt;
    })().finally(() => (loading = undefined)));

  /** A list whose reading began after `at`. */
  const newerThan = async (at: number) => {
    while (loadedAt < at) {
      const tooSoonMs = loadedAt + rereadMs - performance.now();
      await (tooSoonMs > 0 ? new Promise((resolve) => setTimeout(resolve, tooSoonMs)) : reload());
    }
  };

  return async (authorization, scope) => {
    if (!authorization) throw new NightshiftError('AUTH_MISSING', 'the request has no Authorization header');
    const secret = secretIn(authorization);
    if (!secret || !secretShape.test(secret))
      throw new NightshiftError('AUTH_INVALID', 'the Authorization header holds no token of Nightshift');
    const hash = hashToken(secret);
    const key = hash.toString('base64');
    const asked = performance.now();
    if (asked - loadedAt >= tokenCacheMs) await reload();
    if (!known.has(key)) await newerThan(asked);
    const token = known.get(key);
    const isInForce =
      token &&
      timingSafeEqual(token.hash, hash) &&
      (token.leftMs === null || performance.now() - loadedAt < token.leftMs);
    if (!isInForce) throw new NightshiftError('AUTH_INVALID', 'the token is unknown, expired or revoked');
    if (!token.scopes.includes(scope) && !token.scopes.includes('ingest')) {
      throw new NightshiftError('AUTH_SCOPE', `the token "${token.name}" lacks the scope "${scope}"`);
    }
    const { id, sender, name, limits } = token;
    return { id, sender, name, limits };
  };
}
