import { startService } from '@nightshift/runtime';
import { csrfHeader } from '../access/guard.ts';
import { Config } from '../config.ts';
import { startConsole } from '../service.ts';
import type { Me } from '../wire.ts';

export const token = 'a console token of tests';
export const secret = 'sixteen characters and more';

/** A console on a real database, as tests use it. */
export async function consoleOn(databaseUrl: string, env: Record<string, string> = {}) {
  const service = await startService(
    { name: 'console', config: Config, start: startConsole },
    { DATABASE_URL: databaseUrl, NIGHTSHIFT_SECRET: secret, CONSOLE_TOKEN: token, LOG_LEVEL: 'silent', ...env },
  );
  const url = `http://127.0.0.1:${service.port}`;
  return { url, close: () => service.close(), as: (name: string) => logIn(url, name) };
}

export type Visitor = Awaited<ReturnType<typeof logIn>>;

/** Somebody logged in: requests carry the cookie, and changes the proof that the page would send. */
async function logIn(url: string, name: string) {
  const answer = await fetch(`${url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, name }),
  });
  if (!answer.ok) throw new Error(`log-in answered ${answer.status}`);
  const cookie = answer.headers.getSetCookie()[0]!.split(';')[0]!;
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { cookie, ...(init.headers as Record<string, string>) },
    });
  const read = async <T>(path: string): Promise<T> => {
    const answer = await get(path);
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json() as Promise<T>;
  };
  const { csrf } = await read<Me>('/api/session');
  const post = (path: string, body: unknown = {}, headers: Record<string, string> = {}) =>
    get(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [csrfHeader]: csrf, ...headers },
      body: JSON.stringify(body),
    });
  return { name, cookie, csrf, get, read, post };
}
