import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatProblems, loadCatalogue } from '@nightshift/runtime';
import type { Catalogue } from '@nightshift/types';
import { folders, root } from '../folders.ts';
import { targetEnv } from '../target-env.ts';

type Line = { about: string; ok: boolean; found: string; todo: string | null };
type Env = Record<string, string | undefined>;
type Looked = { service: string; target: string; ok: boolean; found: string; todo: string | null };
type Targets = {
  examineTargets(options: {
    catalogue: Catalogue;
    env: Env;
    commands: string[];
    commandsThere: string[];
    deadlineMs: number;
  }): Promise<Looked[]>;
};
type Actions = {
  examineActions(catalogue: Catalogue, env: Env): Promise<(Omit<Looked, 'todo'> & { action: string })[]>;
};

const deadlineMs = 10_000;

/**
 * Every target of the catalogue, as diagnostics would look at it, and every action that it allows, as the executor would plan it: by
 * their own code, with the environment of this command.
 */
export async function examineCatalogue(): Promise<Line[]> {
  const { configDir } = folders();
  const loaded = await loadCatalogue(configDir);
  if (!loaded.ok) {
    const todo = 'correct the file at the line named';
    return loaded.problems.map((problem) => ({
      about: 'catalogue',
      ok: false,
      found: formatProblems([problem]),
      todo,
    }));
  }
  const catalogue = loaded.value;
  const env = targetEnv();
  const programs = (name: string) => (env[name] ?? '').split(',').map((part) => part.trim());
  const { examineTargets } = await service<Targets>('diagnostics');
  const { examineActions } = await service<Actions>('runbook-executor');
  const [targets, actions] = await Promise.all([
    examineTargets({
      catalogue,
      env,
      commands: programs('DIAGNOSTIC_COMMANDS'),
      commandsThere: programs('DIAGNOSTIC_SSH_COMMANDS'),
      deadlineMs,
    }),
    examineActions(catalogue, env),
  ]);
  const services = `${configDir}: ${catalogue.services.length} services, ${targets.length} targets to look at`;
  return [
    { about: 'catalogue', ok: true, found: services, todo: null },
    ...targets.map(({ service: of, target, ok, found, todo }) => ({ about: `${of} ${target}`, ok, found, todo })),
    ...actions.map(({ target, action, ok, found }) => ({
      about: `${target} ${action}`,
      ok,
      found,
      todo: ok ? null : `correct the target in the catalogue, or what it needs here`,
    })),
  ];
}

/** Loaded when asked for: this command starts services, it is not made of them. */
async function service<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(root, 'services', name, 'dist/examine.js')).href)) as T;
}
