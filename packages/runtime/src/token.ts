import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { only, type Sql } from '@nightshift/db';
import { NightshiftError } from '@nightshift/types';

/** What a token may allow: `ingest` is pushing samples and deployments. */
export const tokenScopes = ['ingest'] as const;
export type TokenScope = (typeof tokenScopes)[number];

/** A token as it may be shown: its secret is known to its owner alone. Times are epoch ms. */
export type Token = {
  id: number;
  name: string;
  scopes: TokenScope[];
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
};

const columns = `id, name, scopes, created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt"`;
const secretShape = /^nst_[A-Za-z0-9_-]{43}$/;

/** What the database keeps of a token. Its secret has 256 random bits, so that a plain SHA-256 gives nothing away. */
export const hashToken = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Makes a token and returns it with its secret text, `nst_…`, which nobody can read again. `expiresAt`: epoch ms, database clock. */
export async function createToken(
  sql: Sql,
  given: { name: string; scopes: readonly TokenScope[]; expiresAt?: number | null },
): Promise<Token & { secret: string }> {
  const secret = `nst_${randomBytes(32).toString('base64url')}`;
  const rows = await sql.query<Token>(
    `INSERT INTO api_token (name, token_hash, scopes, expires_at) VALUES ($1, $2, $3, ms($4)) RETURNING ${columns}`,
    [given.name, hashToken(secret), given.scopes, given.expiresAt ?? null],
  );
  return { ...only(rows), secret };
}

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

export type ActiveToken = { id: number; name: string; scopes: TokenScope[]; hash: Buffer; leftMs: number | null };

/** Every token in force, with the time it has left by the database clock (null: no end). */
export const activeTokens = (sql: Sql): Promise<ActiveToken[]> =>
  sql.query<ActiveToken>(
    `SELECT id, name, scopes, token_hash AS hash,
            (extract(epoch FROM expires_at - nightshift_now()) * 1000)::float8 AS "leftMs"
       FROM api_token WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > nightshift_now())`,
  );

/** Longest time for which a revoked token may still be taken. */
export const tokenCacheMs = 5_000;
/** A token nobody knows makes the list be read again, but never more often than this, whoever floods us with guesses. */
const rereadMs = 250;

export type TokenCheck = (
  authorization: string | undefined,
  scope: TokenScope,
) => Promise<{ id: number; name: string }>;

/**
 * Checks `Authorization: Bearer nst_…` against the tokens in force, which `load` reads; their list is kept for at most 5 s. Rejects
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
    const secret = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (!secret || !secretShape.test(secret))
      throw new NightshiftError('AUTH_INVALID', 'the Authorization header holds no token of Nightshift');
    const hash = hashToken(secret);
    const key = hash.toString('base64');
    const asked = performance.now();
    if (asked - loadedAt >= tokenCacheMs) await reload();
    if (!known.has(key)) await newerThan(asked);
    const token = known.get(key);
    const inForce =
      token &&
      timingSafeEqual(token.hash, hash) &&
      (token.leftMs === null || performance.now() - loadedAt < token.leftMs);
    if (!inForce) throw new NightshiftError('AUTH_INVALID', 'the token is unknown, expired or revoked');
    if (!token.scopes.includes(scope)) {
      throw new NightshiftError('AUTH_SCOPE', `the token "${token.name}" lacks the scope "${scope}"`);
    }
    return { id: token.id, name: token.name };
  };
}
