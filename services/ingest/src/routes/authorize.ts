import type { TokenCheck, TokenScope } from '@nightshift/runtime';
import { NightshiftError } from '@nightshift/types';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { eventCost, type Sender, type Senders } from '../senders.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token it has; set for all routes behind `authorize`. */
    sender: Sender;
  }
}

/** Checks the token, and that its sender is not ahead of its rate; a 401 says which kind of credentials is wanted (RFC 6750). */
export function authorize(check: TokenCheck, senders: Senders, scope: TokenScope) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    try {
      request.sender = await check(request.headers.authorization, scope);
    } catch (error) {
      if (error instanceof NightshiftError && error.status === 401) reply.header('www-authenticate', 'Bearer');
      throw error;
    }
    senders.admit(request.sender);
  };
}

export type AuthorizeEvent = ReturnType<typeof authorizeEvent>;

/** The same for the doors whose token is in the body, which tell of one event. */
export function authorizeEvent(check: TokenCheck, senders: Senders) {
  return async (token: string, scope: TokenScope): Promise<void> => {
    const sender = await check(`Bearer ${token}`, scope);
    senders.admit(sender);
    senders.spend(sender, eventCost);
  };
}
