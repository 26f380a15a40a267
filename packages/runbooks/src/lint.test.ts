import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalogue } from '@nightshift/types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lintClassification } from './lint-classification.ts';
import { lintFolder, type Finding } from './lint.ts';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'nightshift-lint-'))));
afterAll(() => rm(folder, { recursive: true }));

const catalogue = Catalogue.parse({
  schema: 1,
  services: [
    {
      name: 'shop',
      targets: [{ id: 'api', kind: 'http', urlEnv: 'API_URL', actions: ['restart_service'] }],
      checks: [{ id: 'orders', title: 'Orders', urlEnv: 'ORDERS_URL', facts: { stuck: 'number' } }],
    },
  ],
});
const runbook = (id: string, rest: string) => `schema: 1\nid: ${id}\ntitle: t\n${rest}\n`;
const restart = 'match: { type: service_down }\nsteps:\n  - action: restart_service';

/** Lints these files alone; one line per finding. */
async function lint(files: Record<string, string>) {
  await rm(folder, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'nightshift-lint-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const { runbooks, findings } = await lintFolder(folder, catalogue);
  return { lines: findings.map(inLine), taken: runbooks.map((each) => each.runbook.id) };
}

const inLine = ({ level, file, line, column, field, message }: Finding) =>
  `${level} ${file.slice(folder.length + 1)}:${line}:${column} ${field} ${message}`;

it('finds nothing wrong where nothing is', async () => {
  expect(await lint({ 'a.yaml': runbook('a', restart), 'notes.txt': '{' })).toEqual({ lines: [], taken: ['a'] });
});

it('names two files with one id, at the second', async () => {
  const { lines } = await lint({
    'a.yaml': runbook('same', restart),
    'b.yaml': runbook('same', restart.replace('service_down', 'unknown')),
  });
  expect(lines).toEqual([
    `error b.yaml:2:1 id must be its own: ${join(folder, 'a.yaml')} declares "same" as well, and neither is used`,
  ]);
});

it.each([
  [
    'match: { type: service_down, services: [nowhere] }\nsteps: [{ action: restart_service }]',
    '4:41 match.services[0] the catalogue has no service "nowhere"',
  ],
  [
    'match: { type: service_down }\nsteps: [{ action: restart_service, target: other }]',
    '5:36 steps[0].target the catalogue has no target "other"',
  ],
  [
    'match: { type: service_down }\nsteps: [{ action: clear_cache, target: api }]',
    '5:11 steps[0].action the catalogue allows clear_cache on nothing called "api"',
  ],
  [
    'match: { type: service_down }\nsteps: [{ action: clear_cache }]',
    '5:11 steps[0].action the catalogue allows clear_cache on no target',
  ],
  [
    'mode: auto\nmatch: { type: unknown }\nsteps: [{ action: drain_queue }]',
    '4:1 mode has no effect: drain_queue always needs people to agree',
  ],
  [
    'match: { type: unknown }\nsteps: [{ action: scale_up }]',
    '5:9 steps[0].params scale_up wants { add: 1 to 3 }, { replicas } or { from, replicas }, whole numbers, not {}',
  ],
  [
    'match: { type: unknown }\nsteps:\n  - { action: restart_service, timeoutMs: 400000, backOffMs: 60000, waitUntil: { afterMs: 40001 } }',
    '5:1 steps take up to 900.001 s with every attempt, pause and wait; after 900 s a person is called, however far it is',
  ],
  [
    'match: { type: unknown, facts: [{ check: custom.order, fact: stuck, value: 1 }] }\nsteps: [{ action: restart_service }]',
    '4:35 match.facts[0].check no service of the catalogue declares the check custom.order',
  ],
  [
    'match: { type: unknown }\nsteps: [{ action: restart_service, when: { facts: [{ check: custom.orders, fact: age, value: 1 }] } }]',
    '5:76 steps[0].when.facts[0].fact must be a fact that custom.orders declares: stuck',
  ],
])('warns of what would not do what it says: %s', async (rest, finding) => {
  const { lines, taken } = await lint({ 'a.yaml': runbook('a', rest) });
  expect(lines).toContain(`warning a.yaml:${finding}`);
  expect(taken).toEqual(['a']);
});

it('warns of a match that another runbook has as well', async () => {
  const { lines } = await lint({ 'a.yaml': runbook('a', restart), 'b.yaml': runbook('b', restart) });
  expect(lines).toEqual([
    'warning b.yaml:4:1 match is the same as that of a: of the two, the id that sorts first is chosen',
  ]);
});

it('says that there is no such folder', async () => {
  await expect(lintFolder('/nowhere/at/all', null)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

it('finds what is wrong with classification.yaml, at its position', async () => {
  const found = async (...lines: string[]) => {
    await lint({ 'classification.yaml': ['schema: 1', 'rules:', ...lines, ''].join('\n') });
    return (await lintClassification(folder, catalogue)).map(inLine);
  };
  expect(await found('- { id: a, type: unknown, metrics: [x] }')).toEqual([]);
  expect(await found('- { id: a, type: slow, metrics: [x] }')).toEqual([
    expect.stringContaining('error classification.yaml:3:12 rules[0].type'),
  ]);
  expect(
    await found(
      '- { id: a, type: unknown, from: [unknown], metrics: [x] }',
      '- { id: b, type: service_down, from: [unknown], metrics: [x] }',
      '- { id: c, type: service_down, status: [{ check: custom.order, is: down }] }',
      '- { id: d, type: service_down, facts: [{ check: custom.orders, fact: age, value: 1 }] }',
    ),
  ).toEqual([
    'warning classification.yaml:3:27 rules[0].from has no effect: what is taken for unknown already stays that',
    'warning classification.yaml:4:3 rules[1] never counts: a has the same conditions and comes first',
    'warning classification.yaml:5:43 rules[2].status[0].check no service of the catalogue declares the check custom.order',
    'warning classification.yaml:6:64 rules[3].facts[0].fact must be a fact that custom.orders declares: stuck',
  ]);
  await rm(join(folder, 'classification.yaml'));
  expect(await lintClassification(folder, catalogue)).toEqual([]);
});
