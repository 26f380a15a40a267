import type { TokenCheck } from '@nightshift/runtime';
import { inputLimits, NightshiftError } from '@nightshift/types';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Gate } from '../gate.ts';

/** Checks the token; a 401 says which kind of credentials is wanted (RFC 6750). */
export function authorize(check: TokenCheck) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    await check(request.headers.authorization, 'ingest').catch((error: unknown) => {
      if (error instanceof NightshiftError && error.status === 401) reply.header('www-authenticate', 'Bearer');
      throw error;
    });
  };
}

/** Lets a request in, before its body is read, or throws; calls `leave` when its answer is out or its sender has gone. */
export function admit(request: FastifyRequest, reply: FastifyReply, gate: Gate, leave: () => void): void {
  const declared = request.headers['content-length'];
  // Without a declared length it may become as long as a body can be.
  const place = gate.admit(
    declared === undefined ? inputLimits.bodyBytes : Math.min(Number(declared), inputLimits.bodyBytes),
  );
  reply.raw.once('close', () => {
    place.release();
    leave();
  });
}
