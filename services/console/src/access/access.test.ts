import { migrateQueue } from '@nightshift/queue';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleOn, token, type Visitor } from '../testing/console.ts';

let test: TestDatabase;
let service: Awaited<ReturnType<typeof consoleOn>>;
let ada: Visitor;
beforeAll(async () => {
  test = await testDatabase();
  await migrateQueue(test.url);
  service = await consoleOn(test.url);
  ada = await service.as('Ada');
});
afterAll(async () => {
  await service?.close();
  await test?.close();
});

const logIn = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${service.url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const code = async (answer: Response) => [
  answer.status,
  ((await answer.json()) as { error: { code: string } }).error.code,
];

describe('logging in', () => {
  it('takes the token and a name, and gives a cookie that scripts and other sites cannot use', async () => {
    const answer = await logIn({ token, name: 'Grace' });
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^nightshift_session=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    );
  });

  it('refuses another token, no token, no name, and the name of a service', async () => {
    expect(await code(await logIn({ token: `${token}x`, name: 'Grace' }))).toEqual([401, 'LOGIN_REFUSED']);
    expect(await code(await logIn({ name: 'Grace' }))).toEqual([400, 'BODY_INVALID']);
    expect(await code(await logIn({ token }))).toEqual([400, 'BODY_INVALID']);
    expect(await code(await logIn({ token, name: 'runbook-executor' }))).toEqual([400, 'BODY_INVALID']);
  });

  it('refuses what another site sends', async () => {
    expect(await code(await logIn({ token, name: 'Grace' }, { origin: 'https://evil.example' }))).toEqual([
      403,
      'CSRF_REFUSED',
    ]);
  });

  it('works by the printed link, which leaves no token behind in the address', async () => {
    const link = (query: string) => fetch(`${service.url}/login?${query.toString()}`, { redirect: 'manual' });
    const answer = await link(`token=${encodeURIComponent(token)}&next=${encodeURIComponent('/queues/')}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/queues/']);
    const cookie = answer.headers.getSetCookie()[0]!.split(';')[0]!;
    const session = await fetch(`${service.url}/api/session`, { headers: { cookie } });
    expect(await session.json()).toMatchObject({ name: 'operator' });
    expect((await link('token=wrong')).headers.get('location')).toBe('/login?refused=LOGIN_REFUSED');
    expect((await link('token=wrong')).headers.getSetCookie()).toEqual([]);
  });

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/\t/evil.example'])(
    'goes on to a path of ours, never to %j',
    async (next) => {
      const query = new URLSearchParams({ token, next });
      const answer = await fetch(`${service.url}/login?${query.toString()}`, { redirect: 'manual' });
      expect(answer.headers.get('location')).toBe('/');
    },
  );
});

describe('without a session', () => {
  it.each(['/api/session', '/api/overview', '/api/incidents', '/api/incidents/inc-1', '/api/inbox', '/api/events'])(
    '%s answers 401',
    async (path) => expect(await code(await fetch(service.url + path))).toEqual([401, 'SESSION_MISSING']),
  );
  it.each([
    '/api/kill-switch',
    '/api/incidents/inc-1/resolve',
    '/api/approvals/apr-1/decide',
    '/api/faults/crash',
    '/api/logout',
  ])('POST %s answers 401', async (path) => {
    const answer = await fetch(service.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(await code(answer)).toEqual(path === '/api/faults/crash' ? [404, 'NOT_FOUND'] : [401, 'SESSION_MISSING']);
  });
});

describe('a change', () => {
  const body = { on: true, reason: 'a test' };
  it('needs the proof that our own page sends, of this very session', async () => {
    const grace = await service.as('Grace');
    for (const proof of ['', 'wrong', grace.csrf]) {
      expect(await code(await ada.post('/api/kill-switch', body, { 'x-nightshift-csrf': proof }))).toEqual([
        403,
        'CSRF_REFUSED',
      ]);
    }
  });

  it('is refused from another site, even with the proof', async () => {
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of foreign) {
      expect(await code(await ada.post('/api/kill-switch', body, headers))).toEqual([403, 'CSRF_REFUSED']);
    }
  });

  it('goes through from our own address', async () => {
    expect((await ada.post('/api/kill-switch', { on: false, reason: 'a test' }, { origin: service.url })).status).toBe(
      200,
    );
  });

  it('ends with the session', async () => {
    const guest = await service.as('Guest');
    const answer = await guest.post('/api/logout');
    expect(answer.headers.getSetCookie()[0]).toMatch(/^nightshift_session=; .*Expires=Thu, 01 Jan 1970/);
  });
});

describe('every answer', () => {
  it.each(['/', '/api/session', '/login', '/ack?token=x', '/queues/'])(
    '%s says what a browser may do with it',
    async (path) => {
      const { headers } = await ada.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/script-src[^;]*unsafe/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
    },
  );
});

describe('guessing', () => {
  it('ends after ten tries', async () => {
    const other = await consoleOn(test.url);
    try {
      const guess = () =>
        fetch(`${other.url}/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ token: 'a guess', name: 'Eve' }),
        });
      for (let i = 0; i < 10; i++) expect((await guess()).status).toBe(401);
      const limited = await guess();
      expect(limited.status).toBe(429);
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
      await expect(other.as('Ada')).rejects.toThrow('429');
    } finally {
      await other.close();
    }
  });
});
