/** An executor on a real database with catalogue and runbooks in memory, and incidents for it to work on. For tests. */
import type { Db } from '@nightshift/db';
import { runStage, type StageOutcome } from '@nightshift/lifecycle';
import { createLogger, loadClassification, valueOf } from '@nightshift/runtime';
import { Catalogue, newId, Runbook, type FreezeFile, type Incident } from '@nightshift/types';
import type { z } from 'zod';
import type { Executor } from '../executor.ts';
import { remediate } from '../handlers/remediate.ts';
import { providers, type Providers } from '../providers/registry.ts';

/** The rules that ship. */
const classification = valueOf(await loadClassification('/nowhere'));

export type Counted = { type: string; outcome: string; reason: string };
export type World = Executor & {
  counted: Counted[];
  setCatalogue(services: ServiceInput[]): void;
  setRunbooks(runbooks: RunbookInput[]): void;
  setFreezes(freezes: FreezeFile['freezes']): void;
};
export type ServiceInput = z.input<typeof Catalogue>['services'][number];
export type RunbookInput = Omit<z.input<typeof Runbook>, 'schema' | 'title'> & { title?: string };

export function makeWorld(options: {
  db: Db;
  services: ServiceInput[];
  runbooks: RunbookInput[];
  env?: Executor['env'];
  providers?: Partial<Providers>;
}): World {
  let catalogue = catalogueOf(options.services);
  let runbooks = runbooksOf(options.runbooks);
  let freezes: FreezeFile = { schema: 1, freezes: [] };
  const counted: Counted[] = [];
  return {
    db: options.db,
    log: createLogger('runbook-executor', 'silent'),
    catalogue: () => catalogue,
    runbooks: () => runbooks,
    classification: () => classification,
    freezes: () => freezes,
    providers: { ...providers, ...options.providers },
    env: options.env ?? {},
    count: (type, outcome, reason = '') => void counted.push({ type, outcome, reason }),
    counted,
    setCatalogue: (services) => void (catalogue = catalogueOf(services)),
    setRunbooks: (list) => void (runbooks = runbooksOf(list)),
    setFreezes: (list) => void (freezes = { schema: 1, freezes: list }),
  };
}

const catalogueOf = (services: ServiceInput[]) => Catalogue.parse({ schema: 1, services });
const runbooksOf = (list: RunbookInput[]) =>
  list.map((runbook) => ({
    runbook: Runbook.parse({ schema: 1, title: runbook.id, ...runbook }),
    hash: `hash-of-${runbook.id}`,
  }));

type Seeds = {
  insertIncident(sql: Db, given: Partial<Incident>): Promise<string>;
  insertOwed(sql: Db, incidentId: string, stage: 'remediate', generation: number): Promise<void>;
};

/** An incident that waits for a decision, with its job owed. Its fingerprint is its own, so that many can be open at once. */
export async function openIncident(
  { insertIncident, insertOwed }: Seeds,
  db: Db,
  given: Partial<Incident> = {},
): Promise<string> {
  const id = newId('inc');
  await insertIncident(db, { id, fingerprint: id, state: 'deciding', service: 'shop', type: 'service_down', ...given });
  await insertOwed(db, id, 'remediate', given.generation ?? 1);
  return id;
}

/** Delivers the incident's newest owed job once, as the queue would. */
export async function deliver(
  world: Executor,
  incidentId: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<StageOutcome | 'not_owed' | 'overtaken'> {
  const [owed] = await world.db.query<{ generation: number }>(
    `SELECT generation FROM outbox WHERE incident_id = $1 AND stage = 'remediate' ORDER BY generation DESC LIMIT 1`,
    [incidentId],
  );
  return runStage(
    world.db,
    { v: 1, incidentId, stage: 'remediate', generation: owed!.generation },
    signal,
    remediate(world),
  );
}

/** The ledger's rows of an incident, in the order of their steps. */
export function ledger(db: Db, incidentId: string) {
  return db.query<{ id: string; step: number; state: string; attempts: number; detail: string | null; type: string }>(
    'SELECT id, step, state, attempts, detail, type FROM action WHERE incident_id = $1 ORDER BY generation, step',
    [incidentId],
  );
}
