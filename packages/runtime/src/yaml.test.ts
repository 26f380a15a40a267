import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@nightshift/testkit';
import { Catalogue, DetectionConfig, OnCall, Runbook } from '@nightshift/types';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchYamlFolder } from './watch.ts';
import { formatProblems, loadYaml, parseYaml } from './yaml.ts';

const problemsOf = (loaded: ReturnType<typeof parseYaml>) => (loaded.ok ? [] : loaded.problems);

const runbook = `schema: 1
id: roll-back
title: Roll back
mode: auto
match:
  type: high_error_rate
steps:
  - action: rollback_deploy
    timeoutMs: 60000
`;

describe('a file with a mistake', () => {
  it('is named by file, line and field: a typo in a runbook', () => {
    const text = runbook.replace('timeoutMs', 'timeoutms');
    expect(problemsOf(parseYaml('roll-back.yaml', text, Runbook))).toEqual([
      { file: 'roll-back.yaml', line: 9, column: 5, field: 'steps[0].timeoutms', message: 'is not a known field' },
    ]);
  });

  it('is named for a wrong value, a missing field and broken YAML', () => {
    expect(problemsOf(parseYaml('a.yaml', runbook.replace('rollback_deploy', 'delete_data'), Runbook))).toMatchObject([
      { line: 8, field: 'steps[0].action' },
    ]);
    expect(problemsOf(parseYaml('a.yaml', runbook.replace('title: Roll back\n', ''), Runbook))).toMatchObject([
      { field: 'title' },
    ]);
    expect(problemsOf(parseYaml('a.yaml', 'id: [1, 2', Runbook))).toMatchObject([{ file: 'a.yaml', line: 1 }]);
  });

  it('defect 40: may not name a wildcard or nothing as a target', () => {
    for (const id of ['"*"', '""', 'shop-*', '"shop api"']) {
      const text = `schema: 1\nservices:\n  - name: shop\n    targets:\n      - { id: ${id}, kind: disk, path: / }\n`;
      expect(problemsOf(parseYaml('catalogue.yaml', text, Catalogue))).toMatchObject([
        { line: 5, field: 'services[0].targets[0].id', message: expect.stringContaining('exactly one thing') },
      ]);
    }
  });

  it('may not hold an address or secret where the name of a variable belongs', () => {
    const text = `schema: 1\nservices:\n  - name: shop\n    targets:\n      - { id: db, kind: postgres, urlEnv: "postgres://u:p@h/d" }\n`;
    expect(formatProblems(problemsOf(parseYaml('catalogue.yaml', text, Catalogue)))).toMatch(
      /catalogue.yaml:5:\d+ services\[0\].targets\[0\].urlEnv: must be the NAME of an environment variable/,
    );
  });

  it('may not page somebody who does not exist', () => {
    const text = `schema: 1\nchannels: [{ id: console, kind: console }]\npolicies:\n  - id: p\n    levels: [{ notify: [nobody] }]\ndefaultPolicy: q\n`;
    expect(problemsOf(parseYaml('oncall.yaml', text, OnCall)).map((problem) => problem.field)).toEqual([
      'policies[0].levels[0].notify[0]',
      'defaultPolicy',
    ]);
  });

  it('is named in rules of detection: limits, ratios, objectives', () => {
    const problems = (lines: string[]) =>
      problemsOf(parseYaml('detection.yaml', ['schema: 1', ...lines].join('\n'), DetectionConfig));
    const counter = '{ metric: requests_total }';
    const objective = `- { name: shop, objective: 0.99, errors: ${counter}, requests: ${counter}`;
    expect(problems(['rules:', '- metric: q', '  threshold: { above: 1, for: 30 }'])).toMatchObject([
      { line: 4, field: 'rules[0].threshold.for', message: 'is not a known field' },
    ]);
    expect(problems(['rules: [{ metric: q, threshold: { forSeconds: 30 } }]'])).toMatchObject([
      { line: 2, field: 'rules[0].threshold', message: expect.stringContaining('`above` or `below`') as string },
    ]);
    expect(problems(['ratios:', `- { name: "a b", errors: ${counter} }`])).toMatchObject([
      { line: 3, field: 'ratios[0].name' },
      { field: 'ratios[0].requests' },
    ]);
    expect(problems(['slos:', `${objective.replace('0.99', '99')} }`])).toMatchObject([
      { line: 3, field: 'slos[0].objective' },
    ]);
    expect(problems(['slos:', `${objective}, good: ${counter} }`])).toMatchObject([{ line: 3, field: 'slos[0]' }]);
    const alert = '{ longMinutes: 5, shortMinutes: 60, budget: 0.1 }';
    expect(problems(['slos:', `${objective}, alerts: [${alert}] }`, `${objective} }`])).toMatchObject([
      { line: 3, field: 'slos[0].alerts[0].shortMinutes' },
      { line: 4, field: 'slos[1].name' },
    ]);
  });

  it('is bounded: no file bigger than the limit, no alias bomb', async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]\n`;
    expect(problemsOf(parseYaml('bomb.yaml', bomb, Runbook))[0]?.message).toMatch(/alias/i);
    expect(problemsOf(await loadYaml('/nowhere/at/all.yaml', Runbook))[0]?.message).toMatch(/cannot be read/);
  });
});

describe('a folder that is followed', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'nightshift-watch-'))));
  afterAll(() => rm(folder, { recursive: true }));

  it('keeps the last good of each file, and takes the mended one', async () => {
    const file = join(folder, 'roll-back.yaml');
    await writeFile(file, runbook);
    await writeFile(join(folder, 'other.yaml'), runbook.replace('id: roll-back', 'id: other'));
    const watched = await watchYamlFolder(folder, Runbook, pino({ level: 'silent' }));
    const titles = () => watched.current().map((each) => each.value.title);
    await writeFile(file, runbook.replace('mode:', 'mood:'));
    await eventually(() => expect(watched.problems()).toMatchObject([{ file, line: 4, field: 'mood' }]));
    expect(titles()).toEqual(['Roll back', 'Roll back']);
    await writeFile(file, runbook.replace('Roll back', 'Roll it back'));
    await eventually(() => expect(titles()).toContain('Roll it back'));
    expect(watched.problems()).toEqual([]);
    await watched.close();
  });
});
