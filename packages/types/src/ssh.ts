import { z } from 'zod';
import { AbsolutePath, EnvName, HostName } from './name.ts';

/**
 * How to reach a machine over SSH. The private key is a file, by its path or by the variable that holds its path. The machine must
 * show the pinned host key, or one that a known_hosts file has for it: without either there is no connection.
 */
export const SshAccess = z
  .strictObject({
    host: HostName,
    port: z.number().int().min(1).max(65_535).default(22),
    user: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'must be one user name'),
    keyFile: AbsolutePath.optional(),
    keyFileEnv: EnvName.optional(),
    /** As `ssh-keygen -l` prints it. */
    hostKey: z
      .string()
      .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'must be the fingerprint of a host key: SHA256: and 43 characters')
      .optional(),
    knownHostsFile: AbsolutePath.optional(),
    /** Actions are put behind `sudo -n`. */
    sudo: z.boolean().default(false),
  })
  .refine(({ keyFile, keyFileEnv }) => (keyFile === undefined) !== (keyFileEnv === undefined), {
    path: ['keyFile'],
    message: 'exactly one of keyFile and keyFileEnv must be given',
  })
  .refine(({ hostKey, knownHostsFile }) => (hostKey === undefined) !== (knownHostsFile === undefined), {
    path: ['hostKey'],
    message: 'exactly one of hostKey and knownHostsFile must be given',
  });
export type SshAccess = z.infer<typeof SshAccess>;
