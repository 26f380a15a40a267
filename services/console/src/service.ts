import { fileURLToPath } from 'node:url';
import fastifyCookie from '@fastify/cookie';
import type { Sql } from '@nightshift/db';
import { watchFreezes } from '@nightshift/runbooks';
import type { Deps, Running } from '@nightshift/runtime';
import { errorMessage } from '@nightshift/types';
import { Gauge } from 'prom-client';
import { countAttempts } from './access/attempts.ts';
import type { Guard } from './access/guard.ts';
import { secure } from './access/headers.ts';
import { loginRoutes } from './access/login.ts';
import { sessionKey } from './access/session.ts';
import type { Config } from './config.ts';
import { createHub } from './live/hub.ts';
import { startListener } from './live/listener.ts';
import { slowly } from './overview.ts';
import { watchRecoveryRule } from './recovery-rule.ts';
import { ackRoutes } from './routes/ack.ts';
import { apiRoutes } from './routes/api.ts';
import { pageRoutes, sendPage } from './routes/page.ts';
import { boardPath, queueRoutes } from './routes/queues.ts';

const builtPage = fileURLToPath(new URL('../dist/web', import.meta.url));
const defaultShards = 4;

/** What people look at and decide through: the API, the page, live events, the acknowledge link, Bull Board. */
export async function startConsole(config: Config, deps: Deps): Promise<Running<'console'>> {
  const { app, common, db, kick, log, metrics, queue } = deps;
  const https = common.CONSOLE_URL.startsWith('https:');
  const guard: Guard = {
    key: sessionKey(common.NIGHTSHIFT_SECRET, config.CONSOLE_TOKEN),
    origin: new URL(common.CONSOLE_URL).origin,
  };
  const webDir = config.CONSOLE_WEB_DIR ?? builtPage;
  const shop =
    config.SHOP_CONTROL_URL && config.SHOP_CONTROL_TOKEN
      ? { url: config.SHOP_CONTROL_URL, token: config.SHOP_CONTROL_TOKEN }
      : null;
  const shards = await shardCount(db);
  const rule = await watchRecoveryRule(common.NIGHTSHIFT_CONFIG_DIR, log);
  const freezes = await watchFreezes(common.NIGHTSHIFT_CONFIG_DIR, log);
  const calendar = () => freezes.current();
  const hub = createHub({ clients: config.CONSOLE_LIVE_CLIENTS });
  const listener = startListener({
    db,
    onHeard: (heard) =>
      hub.send(heard.kind === 'incident' ? { event: 'incident', id: heard.id } : { event: 'setting' }),
    onState: (state) => hub.hearing(state === 'up'),
    onError: (err) => log.warn({ err }, `live events interrupted: ${errorMessage(err)}`),
  });
  new Gauge({
    name: 'nightshift_console_live_clients',
    help: 'Pages that follow live events',
    registers: [metrics.registry],
    collect() {
      this.set(hub.count());
    },
  });

  secure(app, { https });
  app.decorateRequest('session', null);
  await app.register(fastifyCookie);
  loginRoutes(app, { guard, token: config.CONSOLE_TOKEN, attempts: countAttempts(), https }, (reply) =>
    sendPage(webDir, reply),
  );
  const recoveryRule = () => rule.current();
  const slow = slowly(db, queue, shards);
  await app.register(
    (api) =>
      apiRoutes(api, {
        db,
        kick,
        guard,
        hub,
        slow,
        shop,
        ingestUrl: config.INGEST_URL ?? null,
        recoveryRule,
        calendar,
      }),
    {
      prefix: '/api',
    },
  );
  await app.register((scope) => ackRoutes(scope, { db, secret: common.NIGHTSHIFT_SECRET, kick }));
  await app.register((scope) => queueRoutes(scope, { guard, queue, shards }), { prefix: boardPath });
  await app.register((scope) => pageRoutes(scope, { webDir }));
  // Live streams would hold the server's close back.
  app.addHook('preClose', async () => hub.close());

  return {
    stages: {},
    async close() {
      await listener.close();
      await Promise.all([rule.close(), freezes.close()]);
    },
  };
}

/** Fixed at the first start of the installation; until then the default of a new one. */
async function shardCount(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ value: unknown }>(`SELECT value FROM setting WHERE key = 'shard_count'`);
  const count = Number(row?.value);
  return Number.isInteger(count) && count > 0 ? count : defaultShards;
}
