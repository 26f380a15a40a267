import { noteConfigVersion } from '@nightshift/lifecycle';
import type { Executor } from './executor.ts';

/** Puts on record which configuration is in force whenever another one is; looks at nothing that is as it was. */
export function versionKeeper(executor: Executor): () => Promise<void> {
  const kept = new Map<string, unknown>();
  const keep = async (name: string, value: unknown) => {
    if (kept.get(name) === value) return;
    await noteConfigVersion(executor.db, name, value);
    kept.set(name, value);
  };
  return async () => {
    await keep('catalogue', executor.catalogue());
    await keep('freezes', executor.freezes());
    await keep('classification', executor.classification());
    for (const { runbook, hash } of executor.runbooks()) await keep(`runbook ${runbook.id}`, hash);
  };
}
