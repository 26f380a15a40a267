import type { Db } from '@nightshift/db';
import type { Candidate } from '@nightshift/runbooks';
import type { Logger } from '@nightshift/runtime';
import type { Catalogue, ClassificationRules, FreezeFile } from '@nightshift/types';
import type { Env } from './providers/provider.ts';
import type { Providers } from './providers/registry.ts';

/** Who the timeline says it was. */
export const actor = 'runbook-executor';

/** What the handlers work with. Catalogue and runbooks are asked for each time: they change while the service runs. */
export type Executor = {
  db: Db;
  log: Logger;
  catalogue(): Catalogue;
  runbooks(): Candidate[];
  classification(): ClassificationRules;
  freezes(): FreezeFile;
  providers: Providers;
  env: Env;
  /** Counts what became of actions: `reason` is the limit or rule that refused, else empty. */
  count(type: string, outcome: string, reason?: string): void;
};
