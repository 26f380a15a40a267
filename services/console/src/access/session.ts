import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { jobs } from '@nightshift/types';
import { z } from 'zod';

export const sessionCookie = 'nightshift_session';
const sessionMs = 12 * 60 * 60 * 1_000;
const longest = 2_048;

/** Names under which Nightshift itself writes into the timeline: no person may take one. */
const reserved = new Set<string>([
  ...Object.values(jobs).map((job) => job.service),
  'ingest',
  'console',
  'sweeper',
  'nightshift',
  'default',
]);

/** What a person is called in the timeline. */
export const PersonName = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@'-]*$/u, "must be letters, digits, spaces or . _ @ ' -")
  .refine((name) => !reserved.has(name.toLowerCase()), 'is a name of a service; take your own');

/** Who is at the other end of a request. `expiresAt`: epoch ms by this process's clock; it guards nothing but the session itself. */
export const Session = z.object({ id: z.string().min(16), name: z.string().min(1), expiresAt: z.number() });
export type Session = z.infer<typeof Session>;

/** The key that seals sessions. The token is part of it, so that a new token ends every session. */
export const sessionKey = (secret: string, token: string): Buffer =>
  createHmac('sha256', secret).update(`nightshift session 1\n${token}`).digest();

export const newSession = (name: string, at: number): Session => ({
  id: randomBytes(16).toString('base64url'),
  name,
  expiresAt: at + sessionMs,
});

/** The session as a cookie value, `<session>.<HMAC-SHA256>`, both base64url. */
export function sealSession(key: Buffer, session: Session): string {
  const body = Buffer.from(JSON.stringify(session)).toString('base64url');
  return `${body}.${mac(key, `session\n${body}`)}`;
}

/** The session of a cookie value, or null: none, changed, of another key, or expired at `at`. */
export function openSession(key: Buffer, value: string | undefined, at: number): Session | null {
  if (!value || value.length > longest) return null;
  const [body, signature, ...rest] = value.split('.');
  if (!body || !signature || rest.length > 0 || !same(signature, mac(key, `session\n${body}`))) return null;
  const session = Session.parse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  return session.expiresAt > at ? session : null;
}

/** What a page must send along with everything it changes; another site can make a browser send the cookie, but not read this. */
export const csrfToken = (key: Buffer, session: Session): string => mac(key, `csrf\n${session.id}`);

/** Compares two secrets in a time that tells nothing about them. */
export function same(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHmac('sha256', 'compare').update(text).digest());
  return timingSafeEqual(a!, b!);
}

const mac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest('base64url');
