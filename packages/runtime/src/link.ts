import { createHmac, timingSafeEqual } from 'node:crypto';
import { NightshiftError } from '@nightshift/types';
import { z } from 'zod';

const LinkClaims = z.object({
  incidentId: z.string().min(1),
  purpose: z.enum(['ack']),
  /** Epoch ms, database clock. */
  expiresAt: z.number(),
  /** Whom the link was sent to: who the timeline says it was. */
  by: z.string().min(1),
});
/** What a signed link allows its bearer: one thing, on one incident, until a time, in one name. */
export type LinkClaims = z.infer<typeof LinkClaims>;

const longestToken = 2_048;

/** A token for a link, `<claims>.<signature>`, both base64url; the signature is HMAC-SHA256 (RFC 2104) over the claims. */
export function signLink(secret: string, claims: LinkClaims): string {
  const body = Buffer.from(JSON.stringify(LinkClaims.parse(claims))).toString('base64url');
  return `${body}.${signature(secret, body)}`;
}

/**
 * The claims of a token, if it was signed with this secret for this purpose and has not expired at `at` (epoch ms, database
 * clock). Anything else throws the same LINK_INVALID, whatever was wrong with it.
 */
export function verifyLink(
  secret: string,
  token: string,
  expected: { purpose: LinkClaims['purpose']; at: number },
): LinkClaims {
  const [body, mac, ...rest] = token.length > longestToken ? [] : token.split('.');
  if (!body || !mac || rest.length > 0) throw refused();
  const [given, wanted] = [Buffer.from(mac), Buffer.from(signature(secret, body))];
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw refused();
  const claims = LinkClaims.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  if (!claims.success || claims.data.purpose !== expected.purpose || claims.data.expiresAt <= expected.at)
    throw refused();
  return claims.data;
}

/** The prefix keeps these signatures apart from everything else that is signed with the same secret. */
const signature = (secret: string, body: string) =>
  createHmac('sha256', secret).update(`nightshift link 1\n${body}`).digest('base64url');

const refused = () => new NightshiftError('LINK_INVALID', 'this link is not valid, or no longer');
