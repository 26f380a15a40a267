import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SshAccess } from '@nightshift/types';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { knownKeys } from './known-hosts.ts';

/** What is known beforehand of a machine's host key. */
export type HostKey = {
  /** What to ask for, so that the machine shows the kind of key that is known; undefined: any. */
  algorithms: ServerHostKeyAlgorithm[] | undefined;
  /** Why the key that the machine shows is not to be believed, or null. `key`: in the wire format of RFC 4253, 6.6. */
  refusal(key: Buffer): string | null;
};

/** Reads the known_hosts file, where the machine is not known by a pinned key. Throws where that knows no key of it. */
export async function expectedHostKey(access: SshAccess): Promise<HostKey> {
  const { host, port, hostKey: pinned, knownHostsFile } = access;
  if (pinned !== undefined) {
    const refusal = (key: Buffer) =>
      fingerprint(key) === pinned ? null : changed(access, key, `the pinned ${pinned}`);
    return { algorithms: undefined, refusal };
  }
  const { keys, revoked } = knownKeys(await readFile(knownHostsFile!, 'utf8'), host, port);
  if (keys.length === 0)
    throw new Error(
      `${knownHostsFile} has no host key of ${host}:${port}: add it once you have made sure that it is the right one`,
    );
  return {
    algorithms: [...new Set(keys.flatMap(algorithmsOf))],
    refusal(key) {
      if (revoked.some((each) => each.equals(key)))
        return `${host}:${port} shows a host key that ${knownHostsFile} revokes; not connected`;
      return keys.some((each) => each.equals(key)) ? null : changed(access, key, `those in ${knownHostsFile}`);
    },
  };
}

const changed = ({ host, port }: SshAccess, key: Buffer, known: string) =>
  `${host}:${port} shows another host key (${typeOf(key)} ${fingerprint(key)}) than ${known}: it was set up anew, or somebody is in between; not connected`;

/** As `ssh-keygen -l` prints it. */
const fingerprint = (key: Buffer) => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** A key begins with its type: length (4 bytes) and text. */
const typeOf = (key: Buffer) =>
  key.length > 4 ? key.toString('latin1', 4, 4 + Math.min(key.readUInt32BE(0), 64)) : '';

/** An RSA key signs in two ways that are still trusted (RFC 8332). */
const algorithmsOf = (key: Buffer) =>
  (typeOf(key) === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [typeOf(key)]) as ServerHostKeyAlgorithm[];
