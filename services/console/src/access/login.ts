import { NightshiftError } from '@nightshift/types';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parse } from '../parse.ts';
import type { Attempts } from './attempts.ts';
import { refuseForeign, type Guard } from './guard.ts';
import { newSession, PersonName, same, sealSession, sessionCookie } from './session.ts';

const Credentials = z.object({ token: z.string().max(1_024), name: PersonName });
/** Who opens the printed link gives no name. */
const LinkQuery = z.object({
  token: z.string().max(1_024),
  name: PersonName.default('operator'),
  next: z.string().default('/'),
});

export type LoginOptions = { guard: Guard; token: string; attempts: Attempts; https: boolean };

/**
 * POST /login {token, name} and GET /login?token=…[&name=…][&next=/…], the link that the start prints: sets the cookie and goes on
 * to the page, so that the token does not stay in the address bar. `page` answers GET /login without a token.
 */
export function loginRoutes(app: FastifyInstance, options: LoginOptions, page: (reply: FastifyReply) => unknown): void {
  app.post('/login', { bodyLimit: 4_096 }, async (request, reply) => {
    refuseForeign(options.guard, request);
    const { token, name } = parse(Credentials, request.body);
    admit(options, request, reply, token);
    return welcome(options, reply, name).send({ name });
  });

  app.get('/login', async (request, reply) => {
    const query = request.query as Record<string, unknown>;
    if (query['token'] === undefined) return page(reply);
    const link = LinkQuery.safeParse(query);
    try {
      if (!link.success) throw new NightshiftError('LOGIN_REFUSED', 'the link is not complete');
      admit(options, request, reply, link.data.token);
    } catch (error) {
      if (!(error instanceof NightshiftError)) throw error;
      return reply.redirect(`/login?refused=${error.code}`, 303);
    }
    return welcome(options, reply, link.data.name).redirect(localPath(link.data.next), 303);
  });
}

export function logout(reply: FastifyReply): FastifyReply {
  return reply.clearCookie(sessionCookie, { path: '/' });
}

function admit(options: LoginOptions, request: FastifyRequest, reply: FastifyReply, token: string): void {
  const waitMs = options.attempts.waitMs(request.ip);
  if (waitMs > 0) {
    reply.header('retry-after', Math.ceil(waitMs / 1_000));
    throw new NightshiftError('LOGIN_LIMITED', 'too many wrong tokens came from this address');
  }
  if (same(token, options.token)) return;
  options.attempts.failed(request.ip);
  throw new NightshiftError('LOGIN_REFUSED', 'this is not the token of the console');
}

function welcome({ guard, https }: LoginOptions, reply: FastifyReply, name: string): FastifyReply {
  const session = newSession(name, Date.now());
  return reply.setCookie(sessionCookie, sealSession(guard.key, session), {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: https,
    expires: new Date(session.expiresAt),
  });
}

/** A path of ours, never another site's address. */
function localPath(next: string): string {
  const here = 'http://console.invalid';
  const url = URL.canParse(next, here) ? new URL(next, here) : null;
  return next.startsWith('/') && url?.origin === here ? `${url.pathname}${url.search}` : '/';
}
