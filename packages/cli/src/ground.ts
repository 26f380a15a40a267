import { join } from 'node:path';
import { createDatabase, startEmbeddedPostgres } from '@nightshift/db/embedded';

/** The databases a system stands on. */
export type Ground = {
  databaseUrl: string;
  queueUrl: string;
  shopDatabaseUrl: string;
  /** In words, for people: what it is and where. */
  where: string;
  close(): Promise<void>;
};

type Env = Record<string, string | undefined>;

/**
 * DATABASE_URL and QUEUE_URL where they are set; without the first, an embedded Postgres in the data folder. It serves as the queue
 * too, unless QUEUE_URL names another.
 */
export async function openGround(options: {
  dataDir: string;
  env: Env;
  port?: number;
  durable?: boolean;
}): Promise<Ground> {
  const { DATABASE_URL: databaseUrl, QUEUE_URL: queueUrl } = options.env;
  if (databaseUrl) {
    const shopDatabaseUrl = options.env.SHOP_DATABASE_URL || databaseUrl;
    return {
      databaseUrl,
      queueUrl: queueUrl || databaseUrl,
      shopDatabaseUrl,
      where: 'the database of DATABASE_URL',
      close: async () => {},
    };
  }
  const { dataDir, port, durable } = options;
  const postgres = await startEmbeddedPostgres({ dir: join(dataDir, 'postgres'), port, durable, maxConnections: 300 });
  try {
    const own = await createDatabase(postgres.url, 'nightshift');
    const shop = await createDatabase(postgres.url, 'shop');
    return {
      databaseUrl: own,
      queueUrl: queueUrl || own,
      shopDatabaseUrl: shop,
      where: `embedded Postgres on port ${postgres.port}, in ${postgres.dir}`,
      close: postgres.stop,
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}
