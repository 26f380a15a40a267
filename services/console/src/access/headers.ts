import type { FastifyInstance } from 'fastify';

const policy = (rules: Record<string, string>) =>
  Object.entries(rules)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');

const nothing = { 'default-src': "'none'", 'frame-ancestors': "'none'", 'base-uri': "'none'", 'form-action': "'none'" };

/** Our page: its own files and its own API, nothing inline, nothing from elsewhere. */
const pagePolicy = policy({
  ...nothing,
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
});

/** Bull Board's page has inline styles and a <base>; its fonts from elsewhere stay away. */
export const boardPolicy = policy({
  ...nothing,
  'base-uri': "'self'",
  'script-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'font-src': "'self' data:",
  'connect-src': "'self'",
});

/** A page of one form and one inline style sheet, named by its SHA-256. */
export const formPolicy = (styleSha256: string) =>
  policy({ ...nothing, 'style-src': `'sha256-${styleSha256}'`, 'form-action': "'self'" });

/** Headers of every answer. Nothing is cached but what a route says may be. */
export function secure(app: FastifyInstance, options: { https: boolean }): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': pagePolicy,
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      ...(options.https ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    });
  });
}
