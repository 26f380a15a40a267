import type { ApiError, Me } from '../../../src/wire.ts';

/** The API said no, or nothing at all (`UNREACHABLE`). */
export class Refusal extends Error {
  readonly code: string;
  readonly help: string;
  constructor(code: string, message: string, help: string) {
    super(message);
    this.code = code;
    this.help = help;
  }
}

let csrf = '';
let onSessionLost = () => {};

/** Tells whom to call when the API answers that nobody is logged in. */
export function whenSessionIsLost(callback: () => void): void {
  onSessionLost = callback;
}

export const get = <T>(path: string): Promise<T> => ask<T>('GET', path);
export const post = <T>(path: string, body: unknown = {}): Promise<T> => ask<T>('POST', path, body);
export const remove = <T>(path: string): Promise<T> => ask<T>('DELETE', path);

/** Who is logged in; null: nobody. */
export async function whoAmI(): Promise<Me | null> {
  try {
    const me = await get<Me>('/api/session');
    csrf = me.csrf;
    return me;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'SESSION_MISSING') return null;
    throw error;
  }
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET') headers['x-nightshift-csrf'] = csrf;
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
  } catch {
    throw new Refusal(
      'UNREACHABLE',
      'The console does not answer.',
      'Check that its process runs and that you are connected.',
    );
  }
  if (answer.ok) return (await answer.json()) as T;
  const refusal = await refusalOf(answer);
  if (refusal.code === 'SESSION_MISSING') onSessionLost();
  throw refusal;
}

async function refusalOf(answer: Response): Promise<Refusal> {
  const said = (await answer.json().catch(() => null)) as ApiError | null;
  if (said?.error?.code) return new Refusal(said.error.code, said.error.message, said.error.help);
  return new Refusal('UNREACHABLE', `The console answered ${answer.status}.`, 'Try again; its log says more.');
}
