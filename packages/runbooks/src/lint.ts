import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadYaml, parseYaml, type Problem } from '@nightshift/runtime';
import {
  alwaysApprove,
  errorMessage,
  NightshiftError,
  Runbook,
  stateDeadlinesMs,
  type ActionParams,
  type Catalogue,
} from '@nightshift/types';
import type { z } from 'zod';
import { checksOf, undeclared } from './lint-checks.ts';
import type { Candidate } from './match.ts';
import { paramsMistake } from './params.ts';
import { canonicalJson } from './plan-hash.ts';
import { worstTimeMs } from './worst-time.ts';

/** `error`: the file is refused. `warning`: it is taken, and will not do what it seems to say. */
export type Finding = Problem & { level: 'error' | 'warning' };
export type Linted = { files: number; runbooks: (Candidate & { file: string })[]; findings: Finding[] };

/** Reads every runbook of a folder and says what is wrong with each, at its position. Throws CONFIG_INVALID for no such folder. */
export async function lintFolder(folder: string, catalogue: Catalogue | null): Promise<Linted> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new NightshiftError('CONFIG_INVALID', `the folder ${folder} cannot be read: ${errorMessage(cause)}`, {
      cause,
    });
  });
  const linted: Linted = { files: 0, runbooks: [], findings: [] };
  for (const name of names.filter((each) => /\.ya?ml$/.test(each)).sort()) {
    linted.files++;
    await lintFile(join(folder, name), catalogue, linted);
  }
  return linted;
}

async function lintFile(file: string, catalogue: Catalogue | null, linted: Linted) {
  const loaded = await loadYaml(file, Runbook);
  if (!loaded.ok) return linted.findings.push(...loaded.problems.map((each) => ({ ...each, level: 'error' as const })));
  const text = await readFile(file, 'utf8');
  const find = (level: Finding['level'], check: Check) => {
    const parsed = parseYaml(file, text, Runbook.superRefine(check));
    if (!parsed.ok) linted.findings.push(...parsed.problems.map((each) => ({ ...each, level })));
  };
  find('error', (runbook, ctx) => {
    const twin = linted.runbooks.find((other) => other.runbook.id === runbook.id);
    if (twin) add(ctx, ['id'], `must be its own: ${twin.file} declares "${runbook.id}" as well, and neither is used`);
  });
  find('warning', (runbook, ctx) => {
    const same = linted.runbooks.find((other) => canonicalJson(other.runbook.match) === canonicalJson(runbook.match));
    if (same)
      add(ctx, ['match'], `is the same as that of ${same.runbook.id}: of the two, the id that sorts first is chosen`);
    warnOfParams(runbook, ctx);
    warnOfMode(runbook, ctx);
    warnOfTime(runbook, ctx);
    if (catalogue) warnOfCatalogue(runbook, catalogue, ctx);
  });
  return linted.runbooks.push({ runbook: loaded.value, hash: loaded.hash, file });
}

type Context = z.RefinementCtx<Runbook>;
type Check = (runbook: Runbook, ctx: Context) => void;
const add = (ctx: Context, path: (string | number)[], message: string) =>
  ctx.addIssue({ code: 'custom', path, message });

const warnOfParams: Check = ({ steps }, ctx) =>
  steps.forEach((step, i) => {
    const mistake = paramsMistake(step.action, withinBounds(step.params));
    if (mistake) add(ctx, ['steps', i, 'params'], mistake);
  });

/** Parameters from facts, at one of the values that they may have. */
const withinBounds = (params: Runbook['steps'][number]['params']): ActionParams =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      typeof value !== 'object' ? value : 'min' in value ? value.min : value.oneOf[0]!,
    ]),
  );

const warnOfMode: Check = ({ mode, steps }, ctx) => {
  const always = steps.find(({ action }) => action in alwaysApprove);
  if (mode === 'auto' && always) add(ctx, ['mode'], `has no effect: ${always.action} always needs people to agree`);
};

const warnOfTime: Check = ({ steps }, ctx) => {
  const [worstMs, mostMs] = [worstTimeMs(steps), stateDeadlinesMs.remediating];
  const words = `take up to ${worstMs / 1_000} s with every attempt, pause and wait; after ${mostMs / 1_000} s a person is called, however far it is`;
  if (worstMs > mostMs) add(ctx, ['steps'], words);
};

function warnOfCatalogue({ match, steps }: Runbook, catalogue: Catalogue, ctx: Context) {
  const { services } = catalogue;
  const named = [
    ...checksOf(match, ['match']),
    ...steps.flatMap(({ when }, i) => checksOf({ facts: when?.facts ?? [], status: [] }, ['steps', i, 'when'])),
  ];
  for (const { path, message } of undeclared(named, catalogue)) add(ctx, path, message);
  const names = new Set(services.map(({ name }) => name));
  match.services?.forEach((name, i) => {
    if (!names.has(name)) add(ctx, ['match', 'services', i], `the catalogue has no service "${name}"`);
  });
  const targets = services.flatMap((service) => service.targets);
  steps.forEach(({ action, target: id }, i) => {
    const named = targets.filter((target) => id === undefined || target.id === id);
    if (named.length === 0) add(ctx, ['steps', i, 'target'], `the catalogue has no target "${id}"`);
    else if (!named.some((target) => target.actions.includes(action)))
      add(
        ctx,
        ['steps', i, 'action'],
        `the catalogue allows ${action} on ${id === undefined ? 'no target' : `nothing called "${id}"`}`,
      );
  });
}
