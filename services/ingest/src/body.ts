import { isUtf8 } from 'node:buffer';
import { errorMessage, NightshiftError } from '@nightshift/types';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/**
 * Reads every body as JSON, whatever its content type: curl and many small senders name a wrong one. `__proto__` is an ordinary
 * property here (JSON.parse makes it one): who copies properties must look out for it.
 */
export function readBodiesAsJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    readJson(body, request.headers['content-encoding']),
  );
}

/** Throws BODY_INVALID. */
export function readJson(bytes: Buffer, encoding = 'identity'): unknown {
  if (encoding !== 'identity') throw invalid(`the body is encoded as ${encoding.slice(0, 40)}: send plain JSON`);
  if (bytes.length === 0) throw invalid('the body is empty: send JSON');
  if (!isUtf8(bytes)) throw invalid('the body is not UTF-8');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw invalid(`the body is not JSON (NaN and Infinity are none either): ${errorMessage(error).slice(0, 200)}`);
  }
}

const invalid = (message: string) => new NightshiftError('BODY_INVALID', message);
