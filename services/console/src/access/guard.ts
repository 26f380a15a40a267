import { NightshiftError } from '@nightshift/types';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { csrfToken, openSession, same, sessionCookie, type Session } from './session.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set behind the guard. */
    session: Session | null;
  }
}

export type Guard = {
  key: Buffer;
  /** Origin of the address under which people reach the console. */
  origin: string;
};

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
export const csrfHeader = 'x-nightshift-csrf';

/** The session of a request, or null. */
export const sessionOf = (guard: Guard, request: FastifyRequest): Session | null =>
  openSession(guard.key, request.cookies[sessionCookie], Date.now());

/** Behind this every route of `app` needs a session, and whatever changes something needs proof that our own page sent it. */
export function requireSession(app: FastifyInstance, guard: Guard): void {
  app.addHook('onRequest', async (request) => {
    request.session = sessionOf(guard, request);
    if (!request.session) throw new NightshiftError('SESSION_MISSING', 'nobody is logged in, or no longer');
    if (safeMethods.has(request.method)) return;
    refuseForeign(guard, request);
    const given = request.headers[csrfHeader];
    if (typeof given !== 'string' || !same(given, csrfToken(guard.key, request.session))) {
      throw new NightshiftError('CSRF_REFUSED', `the request has no valid ${csrfHeader} header`);
    }
  });
}

/** Browsers say which site a request comes from. Throws CSRF_REFUSED for another one than ours; silent where nothing is said. */
export function refuseForeign(guard: Guard, request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  const foreignSite = typeof site === 'string' && site !== 'same-origin' && site !== 'none';
  const { origin, host } = request.headers;
  const foreignOrigin = origin !== undefined && origin !== guard.origin && hostOf(origin) !== host;
  if (foreignSite || foreignOrigin) throw new NightshiftError('CSRF_REFUSED', 'the request comes from another site');
}

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).host : null);

/** The person behind a request that passed the guard. */
export function personOf(request: FastifyRequest): string {
  if (!request.session) throw new NightshiftError('SESSION_MISSING', 'nobody is logged in');
  return request.session.name;
}
