import type { TokenCheck } from '@nightshift/runtime';
import { NightshiftError } from '@nightshift/types';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Checks the token; a 401 says which kind of credentials is wanted (RFC 6750). */
export function authorize(check: TokenCheck) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    await check(request.headers.authorization, 'ingest').catch((error: unknown) => {
      if (error instanceof NightshiftError && error.status === 401) reply.header('www-authenticate', 'Bearer');
      throw error;
    });
  };
}
