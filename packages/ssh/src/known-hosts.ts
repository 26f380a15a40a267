import { createHmac } from 'node:crypto';

/** The public keys that a known_hosts file has for one machine. */
export type KnownKeys = { keys: Buffer[]; revoked: Buffer[] };

/** Reads known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): names, patterns, hashed names, `@revoked`. Pure. */
export function knownKeys(text: string, host: string, port: number): KnownKeys {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  const known: KnownKeys = { keys: [], revoked: [] };
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [names = '', type = '', key = ''] = words;
    // Certificates of hosts are not checked here: a line that only vouches for those vouches for nothing.
    if (names.startsWith('#') || type === '' || key === '' || marker === '@cert-authority') continue;
    if (!covers(names, name)) continue;
    (marker === '@revoked' ? known.revoked : known.keys).push(Buffer.from(key, 'base64'));
  }
  return known;
}

function covers(names: string, name: string): boolean {
  if (names.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = names.split('|');
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  }
  const patterns = names.toLowerCase().split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern, name));
}

function matches(pattern: string, name: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
