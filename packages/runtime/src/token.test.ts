import { moveClock, now } from '@nightshift/db';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  activeTokens,
  createToken,
  createTokenCheck,
  hashToken,
  limitToken,
  listTokens,
  revokeToken,
  rotateToken,
  tokenCacheMs,
} from './token.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const check = () => createTokenCheck(() => activeTokens(database.db));
const bearer = (secret: string) => `Bearer ${secret}`;
const ingest = { name: 'shop', scopes: ['ingest'] } as const;

describe('a token', () => {
  it('is stored as a hash alone', async () => {
    const { secret, id } = await createToken(database.db, ingest);
    expect(secret).toMatch(/^nst_[\w-]{43}$/);
    const rows = await database.db.query('SELECT * FROM api_token WHERE id = $1', [id]);
    expect(rows[0]!['token_hash']).toEqual(hashToken(secret));
    expect(JSON.stringify(rows)).not.toContain(secret.slice(4));
    expect(JSON.stringify(await listTokens(database.db))).not.toContain(secret.slice(4));
  });

  it('opens what it is for, also just after it was made', async () => {
    const verify = check();
    const first = await createToken(database.db, ingest);
    expect(await verify(bearer(first.secret), 'ingest')).toMatchObject({ id: first.id, name: 'shop' });
    const second = await createToken(database.db, { name: 'next', scopes: ['ingest'] });
    expect(await verify(bearer(second.secret), 'ingest')).toMatchObject({ id: second.id, name: 'next' });
  });

  it('may come as the password of Basic', async () => {
    const { secret } = await createToken(database.db, ingest);
    const basic = Buffer.from(`nightshift:${secret}`).toString('base64');
    expect(await check()(`Basic ${basic}`, 'ingest')).toMatchObject({ name: 'shop' });
  });

  it('that is revoked is taken by nobody within seconds, once', async () => {
    const verify = check();
    const { secret, id } = await createToken(database.db, ingest);
    await verify(bearer(secret), 'ingest');
    expect(await revokeToken(database.db, id)).toBe(true);
    expect(await revokeToken(database.db, id)).toBe(false);
    const from = performance.now();
    await eventually(() => expect(verify(bearer(secret), 'ingest')).rejects.toMatchObject({ code: 'AUTH_INVALID' }));
    expect(performance.now() - from).toBeLessThan(tokenCacheMs + 1_000);
  });

  describe('is replaced without a gap', () => {
    const graceMs = 3_600_000;
    const rotate = (id: number) => rotateToken(database.db, id, { graceMs });
    const inForce = async (...secrets: string[]) => {
      const verify = check();
      const answers = await Promise.allSettled(secrets.map((secret) => verify(bearer(secret), 'ingest')));
      return answers.map(({ status }) => status === 'fulfilled');
    };

    it('two are valid at once, never three, and then the new one alone', async () => {
      const first = await createToken(database.db, { ...ingest, limits: { maxSeries: 7 } });
      const second = await rotate(first.id);
      expect(await inForce(first.secret, second.secret)).toEqual([true, true]);
      const third = await rotate(second.id);
      expect(await inForce(first.secret, second.secret, third.secret)).toEqual([false, true, true]);
      await moveClock(database.db, graceMs + 1_000);
      expect(await inForce(first.secret, second.secret, third.secret)).toEqual([false, false, true]);
    });

    it('as the same sender, with its limits and its length of life', async () => {
      const lifeMs = 90 * 24 * 3_600_000;
      const expiresAt = (await now(database.db)) + lifeMs;
      const first = await createToken(database.db, { ...ingest, expiresAt, limits: { maxSeries: 7 } });
      expect(await limitToken(database.db, first.id, { labelsPerSample: 3, samplesPerSecond: 5 })).toEqual({
        maxSeries: 7,
        labelsPerSample: 3,
        samplesPerSecond: 5,
      });
      await moveClock(database.db, graceMs);
      const next = await rotate(first.id);
      expect(next).toMatchObject({ name: 'shop', sender: first.id, scopes: ['ingest'] });
      expect(next.expiresAt! - expiresAt).toBeGreaterThanOrEqual(graceMs - 1_000);
      expect(await limitToken(database.db, first.id, { maxSeries: null })).toEqual({
        labelsPerSample: 3,
        samplesPerSecond: 5,
      });
      expect(await check()(bearer(next.secret), 'ingest')).toEqual({
        id: next.id,
        sender: first.id,
        name: 'shop',
        limits: { labelsPerSample: 3, samplesPerSecond: 5 },
      });
    });

    it('by one of those who try at the same time; the others hear of it', async () => {
      const { id } = await createToken(database.db, ingest);
      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => rotate(id)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await expect(rotate(id)).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringMatching(/rotate that/) as string,
      });
    });

    it('but not once it is revoked, nor beyond what a limit may be', async () => {
      const { id } = await createToken(database.db, ingest);
      await expect(limitToken(database.db, id, { maxSeries: 1e9 })).rejects.toThrow(/maxSeries/);
      await revokeToken(database.db, id);
      await expect(rotate(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(limitToken(database.db, id, {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });

  it('ends when the database clock says so', async () => {
    const { secret } = await createToken(database.db, { ...ingest, expiresAt: (await now(database.db)) + 60_000 });
    await check()(bearer(secret), 'ingest');
    await moveClock(database.db, 61_000);
    await expect(check()(bearer(secret), 'ingest')).rejects.toMatchObject({ code: 'AUTH_INVALID', status: 401 });
  });

  it('ends on time even while the list is not read again', async () => {
    const { secret } = await createToken(database.db, { ...ingest, expiresAt: (await now(database.db)) + 300 });
    const verify = check();
    await verify(bearer(secret), 'ingest');
    await eventually(() => expect(verify(bearer(secret), 'ingest')).rejects.toMatchObject({ code: 'AUTH_INVALID' }), {
      timeoutMs: 2_000,
    });
  });

  it('without the scope is refused with its name', async () => {
    const { secret } = await createToken(database.db, { name: 'no scope', scopes: [] });
    await expect(check()(bearer(secret), 'ingest')).rejects.toMatchObject({
      code: 'AUTH_SCOPE',
      status: 403,
      message: expect.stringContaining('no scope') as string,
    });
  });

  it.each([
    ['no header', undefined, 'AUTH_MISSING'],
    ['an empty header', '', 'AUTH_MISSING'],
    ['another scheme', 'Basic dXNlcjpwYXNz', 'AUTH_INVALID'],
    ['a token that nobody made', bearer(`nst_${'A'.repeat(43)}`), 'AUTH_INVALID'],
    ['a token cut short', bearer('nst_abc'), 'AUTH_INVALID'],
    ['a megabyte', bearer('x'.repeat(1_048_576)), 'AUTH_INVALID'],
  ])('%s is refused', async (_name, header, code) => {
    await expect(check()(header, 'ingest')).rejects.toMatchObject({ code, status: 401 });
  });
});

describe('the check', () => {
  it('does not let guesses flood the database, and known tokens do not wait for them', async () => {
    let loads = 0;
    const verify = createTokenCheck(() => ((loads += 1), activeTokens(database.db)));
    const { secret } = await createToken(database.db, ingest);
    await verify(bearer(secret), 'ingest');
    const guesses = Array.from({ length: 200 }, (_, i) =>
      verify(bearer(`nst_${String(i).padStart(43, 'x')}`), 'ingest'),
    );
    await verify(bearer(secret), 'ingest');
    expect(loads).toBe(1);
    const outcomes = await Promise.allSettled(guesses);
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    expect(loads).toBe(2);
  });

  it('says that the database is away rather than that a token is wrong', async () => {
    const verify = createTokenCheck(() => Promise.reject(new Error('database away')));
    await expect(verify(bearer(`nst_${'A'.repeat(43)}`), 'ingest')).rejects.toThrow('database away');
  });
});
