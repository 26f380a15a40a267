import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadClassification, loadYaml, valueOf } from '@nightshift/runtime';
import type { ClassificationRules } from '@nightshift/types';
import { beforeAll, expect, it } from 'vitest';
import { lintFolder } from './lint.ts';
import type { Candidate } from './match.ts';
import { Recorded, replay, replayInWords, type Replayed } from './recorded.ts';

const folder = fileURLToPath(new URL('../../../infra/runbooks/', import.meta.url));
let runbooks: Candidate[];
let classification: ClassificationRules;
let results: Replayed[];
beforeAll(async () => {
  ({ runbooks } = await lintFolder(folder, null));
  classification = valueOf(await loadClassification(folder));
  const files = (await readdir(`${folder}recorded`)).filter((name) => name.endsWith('.json')).sort();
  const recorded = await Promise.all(
    files.map(async (name) => valueOf(await loadYaml(`${folder}recorded/${name}`, Recorded))),
  );
  results = recorded.map((each) => replay(runbooks, each, classification));
});

it('recorded incidents x shipped runbooks: every choice and every reason is as it was agreed', async () => {
  const table = results.flatMap(replayInWords).join('\n');
  await expect(`${table}\n`).toMatchFileSnapshot(`${folder}recorded/table.golden`);
});

it('is what each recording expects, and each shipped runbook is chosen by one of them', () => {
  expect(results.filter(({ asExpected }) => asExpected !== true)).toEqual([]);
  expect(new Set(results.flatMap(({ chosen }) => chosen ?? []))).toEqual(
    new Set(runbooks.map(({ runbook }) => runbook.id)),
  );
});

it('misses each shipped runbook by a single condition in some recording: what it must not be taken for', () => {
  const nearlyTaken = results.flatMap(({ considered }) =>
    considered.flatMap(({ runbook, conditions = [] }) =>
      conditions.filter(({ holds }) => !holds).length === 1 ? [runbook] : [],
    ),
  );
  expect(new Set(nearlyTaken)).toEqual(new Set(runbooks.map(({ runbook }) => runbook.id)));
});

it('accounts for every runbook, for every incident', () => {
  for (const { chosen, considered } of results)
    expect([...considered.map(({ runbook }) => runbook), ...(chosen ? [chosen] : [])].sort()).toEqual(
      runbooks.map(({ runbook }) => runbook.id).sort(),
    );
});

it('says so where another one is chosen than expected', () => {
  const recorded = Recorded.parse({
    schema: 1,
    name: 'x',
    incident: { type: 'unknown', severity: 'critical', service: 's' },
    signals: [],
    diagnostics: [],
    expect: 'restart-crashed-service',
  });
  const result = replay(runbooks, recorded, classification);
  expect([result.asExpected, replayInWords(result)[0]]).toEqual([false, 'x: no runbook (NOT AS EXPECTED)']);
  const { expect: _expect, ...silent } = recorded;
  expect(replay(runbooks, silent, classification).asExpected).toBeNull();
});
