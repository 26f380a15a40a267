/** Ways in which people get a file wrong: each is answered with file, line, field and what was expected, and the last good one stays in force. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseYaml, watchYamlFolder } from '@nightshift/runtime';
import { eventually } from '@nightshift/testkit';
import { Classification, Runbook } from '@nightshift/types';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokenClassifications } from './broken-classification.fixture.ts';
import { brokenRunbooks } from './broken-runbooks.fixture.ts';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'nightshift-broken-'))));
afterAll(() => rm(folder, { recursive: true }));

describe.each([
  { what: 'runbook', ...brokenRunbooks, schema: Runbook, ids: ['relieve', 'mended'], golden: 'broken.golden' },
  {
    what: 'classification',
    ...brokenClassifications,
    schema: Classification,
    ids: ['workers-are-behind', 'mended'],
    golden: 'broken-classification.golden',
  },
])('a broken $what', ({ what, good, broken, schema, ids: [id, mended], golden }) => {
  const textOf = (from: string, to: string) => {
    if (!good.includes(from)) throw new Error(`"${from}" is not in the good one`);
    return good.replace(from, () => to);
  };
  const problemsOf = (name: string, text: string) => {
    const parsed = parseYaml(`${name}.yaml`, text, schema);
    return parsed.ok ? [] : parsed.problems;
  };

  it('defect 28: is answered with its line, its field and what was expected', async () => {
    expect(problemsOf('good', good)).toEqual([]);
    const answers = broken.map(([name, from, to]) => {
      const problems = problemsOf(name, textOf(from, to));
      expect(problems.length, name).toBeGreaterThan(0);
      return [
        name,
        ...problems.map(
          ({ line, column, field, message }) =>
            `  ${line}:${column} ${field || '(the file)'}: ${message.slice(0, 100)}`,
        ),
      ].join('\n');
    });
    await expect(`${answers.join('\n')}\n`).toMatchFileSnapshot(golden);
  });

  it('leaves the last good one in force, for each of them, and takes the mended ones', async () => {
    const own = join(folder, what);
    await mkdir(own);
    const write = (textFor: (i: number) => string) =>
      Promise.all(broken.map((_, i) => writeFile(join(own, `${i}.yaml`), textFor(i))));
    await write((i) => good.replace(`id: ${id}`, `id: ${id}-${i}`));
    const watched = await watchYamlFolder<typeof Runbook | typeof Classification>(
      own,
      schema,
      pino({ level: 'silent' }),
    );
    const texts = () =>
      watched
        .current()
        .map(({ value }) => JSON.stringify(value))
        .sort();
    const all = texts();
    expect(new Set(all).size).toBe(broken.length);
    await write((i) => textOf(broken[i]![1], broken[i]![2]));
    await eventually(() => expect(new Set(watched.problems().map((each) => each.file)).size).toBe(broken.length));
    expect(texts()).toEqual(all);
    await write((i) => good.replace(`id: ${id}`, `id: ${mended}-${i}`));
    await eventually(() => expect(texts().every((text) => text.includes(`"id":"${mended}-`))).toBe(true));
    expect(watched.problems()).toEqual([]);
    await watched.close();
  });
});

it('defect 36: no field says that limits do not count: a safetyOverride, of either value and anywhere, refuses the runbook', () => {
  const withIt = (top: string, step: string) =>
    parseYaml(
      'r.yaml',
      `schema: 1\nid: r\ntitle: r\n${top}match: { type: service_down }\nsteps: [{ action: restart_service${step} }]\n`,
      Runbook,
    );
  expect(withIt('', '').ok).toBe(true);
  for (const value of ['true', 'false'])
    for (const loaded of [withIt(`safetyOverride: ${value}\n`, ''), withIt('', `, safetyOverride: ${value}`)])
      expect(loaded.ok ? [] : loaded.problems).toMatchObject([{ message: 'is not a known field' }]);
});
