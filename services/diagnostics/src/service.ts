import { watchCatalogue, type Deps, type Running } from '@nightshift/runtime';
import { openMachines } from '@nightshift/ssh';
import { Histogram } from 'prom-client';
import { checks } from './checks/index.ts';
import type { Config } from './config.ts';
import { openDatabases } from './databases.ts';
import { diagnose } from './handlers/diagnose.ts';

/** Looks at what an engineer would look at, when an incident opens. */
export async function startDiagnostics(config: Config, deps: Deps): Promise<Running<'diagnostics'>> {
  const { db, log, common, metrics } = deps;
  const catalogue = await watchCatalogue(common.NIGHTSHIFT_CONFIG_DIR, log);
  const databases = openDatabases((err) => log.warn({ err }, 'a database that is looked at closed a connection'));
  const machines = openMachines();
  const durations = new Histogram({
    name: 'nightshift_check_duration_seconds',
    help: 'Time of one diagnostic check, by what it found',
    labelNames: ['check', 'status'],
    registers: [metrics.registry],
  });
  const handler = diagnose({
    db,
    databases,
    machines,
    catalogue: () => catalogue.current(),
    checks,
    env: process.env,
    commands: config.DIAGNOSTIC_COMMANDS,
    commandsThere: config.DIAGNOSTIC_SSH_COMMANDS,
    deadlineMs: config.CHECK_DEADLINE_MS,
    settleMs: config.SETTLE_MS,
    suspectWindowMs: config.SUSPECT_WINDOW_MINUTES * 60_000,
    observe: ({ check, status, durationMs }) => durations.observe({ check, status }, durationMs / 1_000),
  });
  return {
    stages: { diagnose: handler },
    async close() {
      await catalogue.close();
      machines.close();
      await databases.close();
    },
  };
}
