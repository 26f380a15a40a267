import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Db } from '@nightshift/db';
import { activeTokens, createToken, hashToken } from '@nightshift/runtime';
import { NightshiftError } from '@nightshift/types';
import { z } from 'zod';

const Secrets = z.object({
  /** Signs links and sessions. */
  signing: z.string().min(16),
  /** Logs in to the console. */
  console: z.string().min(16),
  shopControl: z.string().min(16),
  /** Pushes samples; known to the database as a hash alone. */
  ingest: z.string().optional(),
});
export type Secrets = z.infer<typeof Secrets> & { ingest: string };

/** The secrets of a data folder, made at its first use and kept in one file that only its owner reads. */
export async function openSecrets(dataDir: string, db: Db): Promise<Secrets> {
  const file = join(dataDir, 'secrets.json');
  const kept = read(file) ?? { signing: fresh(), console: fresh(), shopControl: fresh() };
  const hash = kept.ingest && hashToken(kept.ingest);
  // The database may be another one than last time: then the token means nothing to it.
  const known = hash && (await activeTokens(db)).some((token) => token.hash.equals(hash));
  const ingest = known ? kept.ingest! : (await createToken(db, { name: 'demo shop', scopes: ['ingest'] })).secret;
  const secrets = { ...kept, ingest };
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return secrets;
}

const fresh = () => randomBytes(24).toString('base64url');

function read(file: string): z.infer<typeof Secrets> | null {
  try {
    return Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new NightshiftError('DATABASE_DATA_BROKEN', `${file} cannot be read: remove it, and new secrets are made`, {
      cause,
    });
  }
}
