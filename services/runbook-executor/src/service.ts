import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { mindBreaker, startLoop } from '@nightshift/lifecycle';
import { watchFreezes } from '@nightshift/runbooks';
import { watchCatalogue, watchClassification, watchYamlFolder, type Deps, type Running } from '@nightshift/runtime';
import { NightshiftError, Runbook } from '@nightshift/types';
import { Counter } from 'prom-client';
import type { Config } from './config.ts';
import type { Executor } from './executor.ts';
import { remediate } from './handlers/remediate.ts';
import { providers } from './providers/registry.ts';
import { startReconciler } from './reconcile.ts';
import { versionKeeper } from './versions.ts';

/** Follows catalogue and runbooks, tidies the ledger, and handles `remediate`. */
export async function startRunbookExecutor(config: Config, deps: Deps): Promise<Running<'runbook-executor'>> {
  const { db, log, common, metrics } = deps;
  const folder = config.RUNBOOKS_DIR ?? join(common.NIGHTSHIFT_CONFIG_DIR, 'runbooks');
  await access(folder).catch((cause: unknown) => {
    throw new NightshiftError('CONFIG_INVALID', `the folder of runbooks ${folder} cannot be read (RUNBOOKS_DIR)`, {
      cause,
    });
  });
  const catalogue = await watchCatalogue(common.NIGHTSHIFT_CONFIG_DIR, log);
  const runbooks = await watchYamlFolder(folder, Runbook, log);
  const classification = await watchClassification(common.NIGHTSHIFT_CONFIG_DIR, log);
  const freezes = await watchFreezes(common.NIGHTSHIFT_CONFIG_DIR, log);
  const actions = new Counter({
    name: 'nightshift_actions_total',
    help: 'Actions by type, outcome and, where one was refused, the limit or rule that refused it',
    labelNames: ['type', 'outcome', 'reason'],
    registers: [metrics.registry],
  });
  const executor: Executor = {
    db,
    log,
    catalogue: () => catalogue.current(),
    runbooks: () => runbooks.current().map(({ value, hash }) => ({ runbook: value, hash })),
    classification: () => classification.current(),
    freezes: () => freezes.current(),
    providers,
    env: process.env,
    count: (type, outcome, reason = '') => actions.inc({ type, outcome, reason }),
  };
  const reconciler = startReconciler({ db, onError: (err) => log.error({ err }, 'cannot tidy the ledger') });
  const keepVersions = versionKeeper(executor);
  const breaker = startLoop({
    everyMs: 1_000,
    onError: (err) => log.error({ err }, 'cannot mind the breaker'),
    async round() {
      const names = executor.catalogue().services.map(({ name }) => name);
      await mindBreaker(db, names);
      await keepVersions();
      return 'idle';
    },
  });
  return {
    stages: { remediate: remediate(executor) },
    close: async () =>
      void (await Promise.all(
        [reconciler, breaker, catalogue, runbooks, classification, freezes].map((followed) => followed.close()),
      )),
  };
}
