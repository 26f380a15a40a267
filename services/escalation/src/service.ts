import { join } from 'node:path';
import { startLoop } from '@nightshift/lifecycle';
import { watchCatalogue, type Deps, type Running } from '@nightshift/runtime';
import { errorMessage } from '@nightshift/types';
import { Counter } from 'prom-client';
import { openChannels } from './channels/index.ts';
import { climb, type ClimbParts } from './climb.ts';
import type { Config } from './config.ts';
import { escalate } from './handlers/escalate.ts';
import { followOnCall } from './on-call-file.ts';
import { startSender } from './sender.ts';
import { dueClimbs } from './store.ts';

const everyMs = 500;
const climbsAtOnce = 20;
/** What is left, after an attempt has timed out, for writing down what came of it. */
const recordingMs = 5_000;

/** Pages people: climbs the ladder of the policy until somebody takes the incident, and sends what is owed. */
export async function startEscalation(config: Config, deps: Deps): Promise<Running<'escalation'>> {
  const { db, log, common, metrics } = deps;
  const onError = (err: unknown) => log.error({ err }, errorMessage(err));
  const oncall = await followOnCall({ file: join(common.NIGHTSHIFT_CONFIG_DIR, 'oncall.yaml'), db, log });
  const policies = await followPolicies(deps);
  const pages = new Counter({
    name: 'nightshift_pages_total',
    help: 'Attempts to page, by kind of channel and outcome',
    labelNames: ['channel', 'outcome'],
    registers: [metrics.registry],
  });
  const sender = startSender({
    db,
    oncall: () => oncall.current(),
    deliver: openChannels({ log, env: process.env, timeoutMs: config.PAGE_TIMEOUT_MS }),
    leaseMs: config.PAGE_TIMEOUT_MS + recordingMs,
    maxAttempts: config.PAGE_ATTEMPTS,
    onError,
    observe: (channel, outcome) => pages.inc({ channel, outcome }),
    hurry: () => climbing.kick(),
  });
  const parts: ClimbParts = {
    db,
    oncall: () => oncall.current(),
    consoleUrl: common.CONSOLE_URL,
    secret: common.NIGHTSHIFT_SECRET,
    linkMs: config.ACK_LINK_HOURS * 3_600_000,
    onError,
  };
  const climbing = startLoop({
    everyMs,
    onError,
    async round() {
      const due = await dueClimbs(db, climbsAtOnce);
      // One that fails takes none of the others with it.
      for (const each of due) await climb(parts, each).catch(onError);
      if (due.length > 0) sender.kick();
      return 'idle';
    },
  });
  return {
    stages: {
      escalate: escalate({
        ...parts,
        policyOfService: policies.of,
        services: policies.services,
        pagesOwed: () => sender.kick(),
      }),
    },
    async close() {
      await climbing.close();
      await sender.close();
      await Promise.all([oncall.close(), policies.close()]);
    },
  };
}

/** The policies that the catalogue gives services. Without a readable catalogue everybody gets the default one: paging goes on. */
async function followPolicies({ common, log }: Deps) {
  const watched = await watchCatalogue(common.NIGHTSHIFT_CONFIG_DIR, log, { orElse: { schema: 1, services: [] } });
  return {
    of: (service: string) => watched.current().services.find((each) => each.name === service)?.policy,
    services: () => watched.current().services.map(({ name }) => name),
    close: () => watched.close(),
  };
}
