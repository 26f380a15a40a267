import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moveClock } from '@nightshift/db';
import { decideApproval, findIncident, timeline } from '@nightshift/lifecycle';
import { explain, explanationInWords, planHash, previewInWords } from '@nightshift/runbooks';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Plan } from '@nightshift/types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { preview } from './preview.ts';
import { startControlApi, type ControlApi } from './testing/control-api.ts';
import { deliver, ledger, makeWorld, openIncident, type RunbookInput, type ServiceInput } from './testing/world.ts';

let test: TestDatabase;
let api: ControlApi;
let folder: string;
beforeAll(async () => {
  test = await testDatabase();
  api = await startControlApi();
  folder = await mkdtemp(join(tmpdir(), 'nightshift-preview-'));
  await writeFile(join(folder, 'catalogue.yaml'), JSON.stringify({ schema: 1, services }));
  await mkdir(join(folder, 'runbooks'));
  await writeFile(join(folder, 'runbooks/restart.yaml'), JSON.stringify({ schema: 1, title: 'Restart', ...restart }));
  await writeFile(join(folder, 'runbooks/broken.yaml'), 'schema: 2');
});
afterAll(async () => {
  await api.close();
  await test.close();
  await rm(folder, { recursive: true });
});

const services: ServiceInput[] = [
  {
    name: 'shop',
    targets: [
      { id: 'api', kind: 'process', urlEnv: 'URL', tokenEnv: 'TOKEN', process: 'api', actions: ['restart_service'] },
    ],
  },
  { name: 'web', dependsOn: ['shop'], criticality: 'high' },
];
const restart = {
  id: 'restart',
  mode: 'auto' as const,
  match: { type: 'service_down' as const },
  steps: [{ action: 'restart_service' as const }],
};
const env = () => ({ URL: api.url, TOKEN: api.token });
const show = (id: string, runbook?: string) =>
  preview(id, {
    db: test.db,
    configDir: folder,
    runbooksDir: join(folder, 'runbooks'),
    env: env(),
    ...(runbook ? { runbook } : {}),
  });

it('is the plan that is then announced, carried out and kept; looking changes nothing', async () => {
  const id = await openIncident({ insertIncident, insertOwed }, test.db);
  const before = await findIncident(test.db, id);
  const shown = await show(id);
  expect([await findIncident(test.db, id), await timeline(test.db, id), await ledger(test.db, id)]).toEqual([
    before,
    [],
    [],
  ]);
  expect(api.asked).toEqual([]);
  expect(shown.considered).toEqual([
    {
      runbook: join(folder, 'runbooks/broken.yaml'),
      reason: expect.stringContaining('broken.yaml:1:1 schema') as string,
    },
  ]);
  if (shown.proposal.kind !== 'plan') throw new Error(shown.proposal.kind);
  const { plan, hash, mode, conditions } = shown.proposal;
  expect([hash, mode]).toEqual([planHash(plan), 'auto']);
  expect(conditions).toEqual([{ condition: 'type service_down', actual: 'service_down', holds: true }]);

  const runbookHash = plan.runbookHash;
  const world = makeWorld({ db: test.db, services, runbooks: [restart], env: env() });
  const versioned = world.runbooks().map((candidate) => ({ ...candidate, hash: runbookHash }));
  await deliver({ ...world, runbooks: () => versioned }, id);
  const [kept] = await test.db.query<{ hash: string; content: unknown }>(
    'SELECT hash, content FROM plan WHERE incident_id = $1',
    [id],
  );
  const carriedOut = Plan.parse(kept!.content);
  // Made again later, it is the same plan: the time alone is different.
  expect(kept!.hash).toBe(hash);
  expect(carriedOut).toEqual({ ...plan, madeAt: expect.any(Number) as number });
  expect(planHash(carriedOut)).toBe(hash);
  expect((await timeline(test.db, id))[0]!.event).toMatchObject({ kind: 'runbook_chosen', planHash: kept!.hash });
});

it('is the plan that stands, once it is decided: what people are asked for, and what is carried out', async () => {
  const id = await openIncident({ insertIncident, insertOwed }, test.db);
  await deliver(makeWorld({ db: test.db, services, runbooks: [{ ...restart, mode: 'approve' }], env: env() }), id);
  const asked = await show(id);
  const [approval] = await test.db.query<{ id: string; planHash: string }>(
    'SELECT id, plan_hash AS "planHash" FROM approval WHERE incident_id = $1',
    [id],
  );
  const { planHash: signed } = approval!;
  expect(asked.proposal).toMatchObject({ kind: 'standing', verdict: 'asked', hash: signed });
  await decideApproval(test.db, { approvalId: approval!.id, planHash: signed, by: 'ada', verdict: 'approve' });
  expect((await show(id)).proposal).toEqual(asked.proposal);
  expect(previewInWords(asked)).toContain(
    'decided: this is the plan that people are asked to approve, or have approved',
  );
});

it('is printed as a diff with what it takes, whom it touches and how to undo it', async () => {
  const shown = await show(await openIncident({ insertIncident, insertOwed }, test.db));
  const lines = previewInWords(shown);
  expect(lines.filter((line) => /^ {3}[-+] /.test(line))).toEqual([
    expect.stringMatching(/^ {3}- instance api-\d$/),
    '   + instance a new one of the same version',
  ]);
  for (const line of [
    '   call: process.restart_service(api), 30 s, 1 retries',
    '   limit restartsPerTarget (api): 1 -> 2 of 2 in 10 min, 0 left',
    'touches: shop',
    'felt by: web (high, through shop)',
    '   undo: nothing to undo: the same version runs again',
    'mode: it would be done without asking (auto)',
    '  yes  type service_down (service_down)',
    'Nothing was changed.',
  ])
    expect(lines).toContain(line);
});

it('says why there is none, and plans one that does not fit where it is asked for', async () => {
  const id = await openIncident({ insertIncident, insertOwed }, test.db, { type: 'high_latency' });
  expect((await show(id)).proposal).toEqual({ kind: 'none', reason: 'no runbook fits' });
  const { proposal } = await show(id, 'restart');
  expect(proposal).toMatchObject({
    kind: 'plan',
    conditions: [{ condition: 'type service_down', actual: 'high_latency', holds: false }],
  });
  await expect(show(id, 'other')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(show('inc-none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('is explained afterwards: evidence, conditions, every other runbook, limits, and what was done', async () => {
  const id = await openIncident({ insertIncident, insertOwed }, test.db);
  await test.db.query(
    `INSERT INTO diagnostic (incident_id, generation, check_name, target, status, facts, output, taken_at, duration_ms)
     VALUES ($1, 1, 'http_probe', 'api', 'down', '{"code": "ECONNREFUSED"}', 'nobody there', nightshift_now(), 1)`,
    [id],
  );
  const other = { ...restart, id: 'other', match: { type: 'high_latency' as const } };
  await moveClock(test.db, 3_600_000);
  await deliver(makeWorld({ db: test.db, services, runbooks: [restart, other], env: env() }), id);
  const story = await explain(test.db, id);
  expect(story.decisions).toMatchObject([
    {
      verdict: 'acted',
      runbook: 'restart',
      conditions: [{ condition: 'type service_down', holds: true }],
      considered: [
        { runbook: 'other', conditions: [{ condition: 'type high_latency', actual: 'service_down', holds: false }] },
      ],
      plan: { limits: expect.arrayContaining([expect.objectContaining({ limit: 'restartsPerTarget' })]) as unknown },
    },
  ]);
  const lines = explanationInWords(story);
  expect(lines).toContain('  down     http_probe api: nobody there');
  expect(lines).toContain('    other: wants type high_latency, is service_down');
  expect(lines.at(-1)).toMatch(/^ {2}succeeded {3}restart api/);
});

it('is explained where nothing was done: observed, denied, none', async () => {
  const verdicts = async (runbooks: RunbookInput[], given = {}) => {
    const id = await openIncident({ insertIncident, insertOwed }, test.db, given);
    await deliver(makeWorld({ db: test.db, services, runbooks, env: env() }), id);
    return (await explain(test.db, id)).decisions.map(({ verdict, runbook, plan }) => [
      verdict,
      runbook,
      plan !== null,
    ]);
  };
  expect(await verdicts([{ ...restart, mode: 'observe' }])).toEqual([['observed', 'restart', true]]);
  expect(await verdicts([{ ...restart, mode: 'approve' }])).toEqual([['asked', 'restart', true]]);
  expect(await verdicts([restart], { type: 'unknown' })).toEqual([['none', null, false]]);
  await expect(explain(test.db, 'inc-none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
