import { z } from 'zod';

/**
 * The exact name of one thing (service, target, runbook). Letters, digits, `.`, `_`, `-`, `/`; starts with a letter or digit.
 * No wildcard, no empty name: an empty or wildcard target has meant "all" in outages.
 */
export const ExactName = z
  .string()
  .max(128)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._/-]*$/,
    'must name exactly one thing: letters, digits, ".", "_", "-", "/", no wildcard, not empty',
  );

/** Name of an environment variable that holds a secret or an address: files carry references, never values. */
export const EnvName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the NAME of an environment variable, not a value');

export const HostName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?$/, 'must be one host name');

export const AbsolutePath = z.string().startsWith('/', 'must be an absolute path').max(1_024);
