import { moveClock } from '@nightshift/db';
import { findIncident, noteBreaches, readKillSwitch, step, timeline } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleOn, type Visitor } from '../testing/console.ts';
import { insertPage } from '../testing/page.ts';
import { diagnoseStory, insertCalm, openStory, proposeStory } from '../testing/story.ts';
import type {
  Explanation,
  Inbox,
  IncidentDetail,
  IncidentList,
  Overview,
  PointsAnswer,
  SeriesAnswer,
  ServicesAnswer,
  FreezeAnswer,
  FreezesAnswer,
  SilenceAnswer,
  SilencesAnswer,
  WhyNotAnswer,
} from '../wire.ts';

let test: TestDatabase;
let service: Awaited<ReturnType<typeof consoleOn>>;
let ada: Visitor;
beforeAll(async () => {
  test = await testDatabase();
  await migrateQueue(test.url);
  service = await consoleOn(test.url);
  ada = await service.as('Ada');
});
afterAll(async () => {
  await service?.close();
  await test?.close();
});

/** Another service for every test: incidents of one service would join. */
let services = 0;
const another = () => `svc-${++services}`;
const errorOf = async (answer: Response) => [
  answer.status,
  ((await answer.json()) as { error: { code: string; message: string } }).error,
];

describe('the list', () => {
  it('comes newest first, a page at a time, each incident once', async () => {
    const service = another();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      ids.unshift(
        await insertIncident(test.db, {
          service,
          fingerprint: `${service}-${i}`,
          state: 'resolved',
          openedAt: 1_000 + Math.floor(i / 2),
        }),
      );
    }
    const seen: string[] = [];
    let after = '';
    do {
      const page = await ada.read<IncidentList>(
        `/api/incidents?service=${service}&limit=2${after && `&after=${after}`}`,
      );
      expect(page.incidents.length).toBeLessThanOrEqual(2);
      seen.push(...page.incidents.map(({ id }) => id));
      after = page.next ?? '';
    } while (after);
    expect([...seen].sort()).toEqual([...ids].sort());
  });

  it('filters by state and severity, and refuses a filter it does not know', async () => {
    const service = another();
    const open = await insertIncident(test.db, { service, severity: 'warning' });
    const ended = await insertIncident(test.db, { service, state: 'closed', fingerprint: `${service}-2` });
    const idsOf = async (query: string) =>
      (await ada.read<IncidentList>(`/api/incidents?service=${service}&${query}`)).incidents.map(({ id }) => id);
    expect(await idsOf('state=open')).toEqual([open]);
    expect(await idsOf('state=ended')).toEqual([ended]);
    expect(await idsOf('state=closed')).toEqual([ended]);
    expect(await idsOf('severity=warning')).toEqual([open]);
    expect((await ada.get('/api/incidents?state=broken')).status).toBe(400);
    expect((await ada.get('/api/incidents?colour=red')).status).toBe(400);
    expect((await ada.get('/api/incidents?after=%27--')).status).toBe(400);
  });
});

describe('one incident', () => {
  it('explains each decision, and has none for an incident that does not exist', async () => {
    const { incidentId } = await openStory(test.db, { service: another() });
    await diagnoseStory(test.db, incidentId);
    const { planHash } = await proposeStory(test.db, incidentId);
    const story = await ada.read<Explanation>(`/api/incidents/${incidentId}/explanation`);
    expect(story.decisions).toMatchObject([{ verdict: 'asked', runbook: 'roll-back-bad-deploy', planHash }]);
    expect([story.signals.length, story.diagnostics.length]).toEqual([3, 5]);
    expect((await ada.get('/api/incidents/inc-none/explanation')).status).toBe(404);
  });

  it('says what happened, what is proposed, and what happens next', async () => {
    const told = { service: another() };
    const { incidentId, words } = await openStory(test.db, told);
    await diagnoseStory(test.db, incidentId, words);
    const { planHash } = await proposeStory(test.db, incidentId, words);
    await insertPage(test.db, incidentId);
    const detail = await ada.read<IncidentDetail>(`/api/incidents/${incidentId}`);
    expect(detail.cause).toBe(
      `http_error_ratio of ${words.service} rose to 0.42, where 0 to 0.031 is normal (and 2 more signals), 14 s after v2 was deployed.`,
    );
    expect(detail.next).toEqual({
      present: `Waiting for a decision: roll back ${words.service} from v2 to v1.`,
      then: 'a person is paged',
      at: detail.incident.deadlineAt,
    });
    expect(detail.approval).toMatchObject({
      planHash,
      state: 'pending',
      required: 1,
      plan: {
        actions: [{ type: 'rollback_deploy', params: { from: 'v2', to: 'v1' } }, { insteadOf: 0 }],
        // As they stood when the plan was made.
        limits: [{ limit: 'actionsPerTarget', used: 1, takes: 1, max: 4 }, { limit: 'restartsPerTarget' }],
      },
    });
    await test.db.query(
      `UPDATE plan SET content = jsonb_set(content, '{actions,0,params,to}', '"v0"') WHERE hash = $1`,
      [planHash],
    );
    const { approval } = await ada.read<IncidentDetail>(`/api/incidents/${incidentId}`);
    expect(approval).toMatchObject({ planHash, plan: null });
    expect(detail.diagnostics.map(({ status }) => status)).toEqual(['down', 'degraded', 'unknown', 'ok', 'ok']);
    expect(detail.series.map(({ metric, points }) => [metric, points !== null])).toEqual([
      ['http_error_ratio', true],
      ['http_latency_p95_ms', false],
      ['checkout_rate', false],
    ]);
    expect(detail.series[0]!.points!.at).toHaveLength(121);
    expect(detail.deployments).toMatchObject([{ version: 'v2', previousVersion: 'v1' }]);
    expect(detail.timeline.map(({ event }) => event.kind)).toEqual(['opened', 'diagnosed', 'approval_requested']);
    expect(detail.notifications).toMatchObject([{ channel: 'console', recipient: 'ada', state: 'sent' }]);
  });

  it('never shows the acknowledge link of a page, which is signed for one person', async () => {
    const incidentId = await insertIncident(test.db, { service: another(), state: 'escalated' });
    await insertPage(test.db, incidentId);
    for (const path of [`/api/incidents/${incidentId}`, '/api/inbox']) {
      expect(await (await ada.get(path)).text()).not.toContain('signed-for-one-person');
    }
    const { pages } = await ada.read<Inbox>('/api/inbox');
    expect(pages.find((page) => page.incidentId === incidentId)).toMatchObject({
      incidentState: 'escalated',
      page: { nextStep: expect.any(String) },
    });
  });

  it('counts clean samples while recovery is verified', async () => {
    const { incidentId } = await openStory(test.db, { service: another() });
    await test.db.query(
      `UPDATE incident SET state = 'verifying', acted_at = nightshift_now() + interval '1 s' WHERE id = $1`,
      [incidentId],
    );
    const { actedAt } = (await findIncident(test.db, incidentId))!;
    await insertCalm(test.db, incidentId, actedAt! + 1_000, 4);
    const { recovery } = await ada.read<IncidentDetail>(`/api/incidents/${incidentId}`);
    expect(recovery!.series.map(({ cleanSamples, cleanMs }) => [cleanSamples, cleanMs])).toEqual([
      [4, 6_000],
      [4, 6_000],
      [4, 6_000],
    ]);
  });

  it('sends only newer points when asked for them', async () => {
    const { incidentId } = await openStory(test.db, { service: another() });
    const detail = await ada.read<IncidentDetail>(`/api/incidents/${incidentId}`);
    const { seriesId, points } = detail.series[0]!;
    const since = points!.at.at(-3)!;
    const answer = await ada.read<PointsAnswer>(
      `/api/incidents/${incidentId}/points?series=${seriesId}&since=${since}`,
    );
    expect(answer.points.at).toEqual(points!.at.slice(-2));
  });

  it('that does not exist answers 404', async () => {
    expect(await errorOf(await ada.get('/api/incidents/inc-none'))).toMatchObject([404, { code: 'NOT_FOUND' }]);
    expect((await ada.post('/api/incidents/inc-none/acknowledge')).status).toBe(404);
  });
});

describe('what a person says', () => {
  it('is written into the timeline in that name, once', async () => {
    const id = await insertIncident(test.db, { service: another(), state: 'escalated' });
    const grace = await service.as('Grace');
    expect((await ada.post(`/api/incidents/${id}/acknowledge`)).status).toBe(200);
    expect(await errorOf(await grace.post(`/api/incidents/${id}/acknowledge`))).toMatchObject([
      409,
      { message: 'Ada has acknowledged it already' },
    ]);
    expect((await grace.post(`/api/incidents/${id}/resolve`, { reason: 'restarted by hand' })).status).toBe(200);
    expect((await ada.post(`/api/incidents/${id}/resolve`)).status).toBe(409);
    expect(await timeline(test.db, id)).toMatchObject([
      { actor: 'Ada', event: { kind: 'acknowledged', by: 'Ada' } },
      {
        actor: 'Grace',
        to: 'resolved',
        event: { kind: 'resolved_by_person', by: 'Grace', reason: 'restarted by hand' },
      },
    ]);
  });

  it('may be that it was no incident, also afterwards', async () => {
    const id = await insertIncident(test.db, { service: another(), state: 'resolved', resolution: 'self' });
    expect((await ada.post(`/api/incidents/${id}/false-positive`, { reason: 'load test' })).status).toBe(200);
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'resolved', resolution: 'false_positive' });
  });

  it('is not taken when it is not what the API knows', async () => {
    const id = await insertIncident(test.db, { service: another(), state: 'escalated' });
    expect((await ada.post(`/api/incidents/${id}/resolve`, { reason: 'x'.repeat(1_001) })).status).toBe(400);
    expect((await ada.post(`/api/incidents/${id}/resolve`, { by: 'Grace' })).status).toBe(400);
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'escalated' });
  });
});

describe('approving', () => {
  const proposed = async () => {
    const { incidentId, words } = await openStory(test.db, { service: another() });
    await diagnoseStory(test.db, incidentId, words);
    return { incidentId, ...(await proposeStory(test.db, incidentId, words)) };
  };

  it('binds the plan that was shown: another hash changes nothing', async () => {
    const { incidentId, approvalId, planHash } = await proposed();
    const other = await ada.post(`/api/approvals/${approvalId}/decide`, {
      verdict: 'approve',
      planHash: `${planHash.slice(1)}0`,
    });
    expect(await errorOf(other)).toMatchObject([
      409,
      { message: 'the plan is not the one that was shown: read it again' },
    ]);
    expect(await findIncident(test.db, incidentId)).toMatchObject({ state: 'awaiting_approval' });
    const right = await ada.post(`/api/approvals/${approvalId}/decide`, { verdict: 'approve', planHash });
    expect([right.status, await right.json()]).toEqual([200, { state: 'approved', agreed: 1, required: 1 }]);
    expect(await findIncident(test.db, incidentId)).toMatchObject({ state: 'remediating' });
  });

  it('counts once, however many click at the same time', async () => {
    const { incidentId, approvalId, planHash } = await proposed();
    const people = await Promise.all(['A', 'B', 'C', 'D', 'E'].map((name) => service.as(name)));
    const clicks = people.flatMap((person) =>
      Array.from({ length: 4 }, () =>
        person.post(`/api/approvals/${approvalId}/decide`, { verdict: 'approve', planHash }),
      ),
    );
    const statuses = (await Promise.all(clicks)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(19);
    expect((await timeline(test.db, incidentId)).filter(({ event }) => event.kind === 'approved')).toHaveLength(1);
  });

  it('may be denied, with the reason on the timeline; a person is told then', async () => {
    const { incidentId, approvalId, planHash } = await proposed();
    await ada.post(`/api/approvals/${approvalId}/decide`, { verdict: 'reject', planHash, reason: 'v1 has the leak' });
    const last = (await timeline(test.db, incidentId)).at(-1);
    expect(last).toMatchObject({
      actor: 'Ada',
      to: 'escalated',
      event: { kind: 'rejected', reason: 'v1 has the leak' },
    });
  });

  it('is too late after it expired', async () => {
    const { approvalId, planHash } = await proposed();
    await test.db.query(`UPDATE approval SET expires_at = nightshift_now() WHERE id = $1`, [approvalId]);
    expect((await ada.post(`/api/approvals/${approvalId}/decide`, { verdict: 'approve', planHash })).status).toBe(409);
  });
});

describe('the kill switch', () => {
  it('stays as it was thrown, whoever restarts; it needs a reason', async () => {
    expect((await ada.post('/api/kill-switch', { on: true })).status).toBe(400);
    expect((await ada.post('/api/kill-switch', { on: true, reason: '  ' })).status).toBe(400);
    expect(await readKillSwitch(test.db)).toMatchObject({ on: false });
    const thrown = await ada.post('/api/kill-switch', { on: true, reason: 'it deletes things' });
    expect(await thrown.json()).toMatchObject({ on: true, by: 'Ada', reason: 'it deletes things' });
    const next = await consoleOn(test.url);
    const grace = await next.as('Grace');
    expect((await grace.read<Overview>('/api/overview')).killSwitch).toMatchObject({ on: true, by: 'Ada' });
    await grace.post('/api/kill-switch', { on: false, reason: 'mended' });
    await next.close();
    expect(await readKillSwitch(test.db)).toMatchObject({ on: false, by: 'Grace', reason: 'mended' });
  });
});

describe('the overview', () => {
  it('counts what is open, what it took, and how deep the queues are', async () => {
    const before = await ada.read<Overview>('/api/overview');
    const service = another();
    const id = await insertIncident(test.db, { service, state: 'escalated' });
    const after = await ada.read<Overview>('/api/overview');
    expect(after.open).toBe(before.open + 1);
    expect(after.escalatedUnacknowledged).toBe(before.escalatedUnacknowledged + 1);
    expect(after.services).toContainEqual({ service, state: 'escalated', severity: 'critical', incidentId: id });
    expect(after.queues.map(({ job }) => job)).toEqual([
      'samples',
      'diagnose',
      'remediate',
      'verify',
      'escalate',
      'postmortem',
    ]);
    expect(after.queues.every((queue) => 'waiting' in queue)).toBe(true);
    await step(test.db, id, { kind: 'resolved_by_person', by: 'Ada', reason: '' }, { actor: 'Ada' });
    await moveClock(test.db, 8 * 24 * 60 * 60 * 1_000);
    const other = await consoleOn(test.url); // what is dear to count is remembered for two seconds
    const later = await (await other.as('Ada')).read<Overview>('/api/overview');
    await other.close();
    expect(later.week).toEqual({ resolved: 0, automated: 0, falsePositives: 0, pages: 0, medianToResolveMs: null });
  });
});

describe('the series', () => {
  it('are counted by service and listed a page at a time, by who is logged in', async () => {
    const shop = another();
    for (const name of ['a_total', 'b', 'c'])
      await test.db.query(`INSERT INTO series (key, name, labels, service) VALUES ($1, $2, '{"zone": "eu"}', $3)`, [
        `${shop} ${name}`,
        name,
        shop,
      ]);
    const { services } = await ada.read<ServicesAnswer>('/api/services');
    expect(services).toContainEqual({ service: shop, series: 3, newestAt: expect.any(Number) as number });
    const first = await ada.read<SeriesAnswer>(`/api/series?service=${shop}&limit=2`);
    expect(first.series).toMatchObject([{ name: 'a_total', state: null, labels: { zone: 'eu' } }, { name: 'b' }]);
    const rest = await ada.read<SeriesAnswer>(`/api/series?service=${shop}&limit=2&after=${first.next}`);
    expect([rest.series.map(({ name }) => name), rest.next]).toEqual([['c'], null]);
    expect((await ada.get('/api/series?limit=1000')).status).toBe(400);
    expect((await fetch(`${service.url}/api/series`)).status).toBe(401);
  });
});

describe('what is quiet', () => {
  it('is silenced and let speak again by who is logged in, who is on record; without an end it is refused', async () => {
    const grace = await service.as('Grace');
    const endsAt = Math.round((await ada.read<SilencesAnswer>('/api/silences')).now) + 3_600_000;
    const asked = { service: another(), endsAt, reason: 'upgrade' };
    const answer = await ada.post('/api/silences', asked);
    expect(answer.status).toBe(200);
    const { silence } = (await answer.json()) as SilenceAnswer;
    expect(silence).toMatchObject({ ...asked, by: 'Ada', metric: null, endedBy: null });
    expect((await grace.post(`/api/silences/${silence.id}/end`)).status).toBe(200);
    const { silences } = await ada.read<SilencesAnswer>('/api/silences');
    expect(silences.find(({ id }) => id === silence.id)).toMatchObject({ endedBy: 'Grace' });
    expect(await errorOf(await grace.post(`/api/silences/${silence.id}/end`))).toMatchObject([
      404,
      { code: 'NOT_FOUND' },
    ]);
    for (const wrong of [
      { ...asked, endsAt: undefined },
      { ...asked, endsAt: 1 },
      { endsAt, reason: 'all of it' },
    ])
      expect(await errorOf(await ada.post('/api/silences', wrong))).toMatchObject([400, { code: 'BODY_INVALID' }]);
    expect((await fetch(`${service.url}/api/silences`, { method: 'POST' })).status).toBe(401);
  });

  it('says of every breach that opened nothing why, the latest first', async () => {
    const shop = another();
    const at = Math.round((await ada.read<SilencesAnswer>('/api/silences')).now);
    const breach = { service: shop, metric: 'latency_ms', seriesId: 0, detail: 'd', times: 2, firstAt: at - 9_000 };
    await noteBreaches(test.db, [{ ...breach, because: 'direction', lastAt: at - 5_000 }]);
    await noteBreaches(test.db, [{ ...breach, because: 'below_evidence', lastAt: at - 1_000 }]);
    await noteBreaches(test.db, [{ ...breach, because: 'direction', lastAt: at - 4_000 }]);
    const { breaches } = await ada.read<WhyNotAnswer>(`/api/why-not?service=${shop}`);
    expect(breaches.map(({ because, times }) => [because, times])).toEqual([
      ['below_evidence', 2],
      ['direction', 4],
    ]);
    expect((await ada.read<WhyNotAnswer>(`/api/why-not?service=${shop}&sinceMs=2500`)).breaches).toHaveLength(1);
    expect((await ada.get('/api/why-not?sinceMs=0')).status).toBe(400);
  });
});

describe('a change freeze', () => {
  it('is declared and ended by who is logged in, who is on record; meanwhile every view knows of it', async () => {
    const grace = await service.as('Grace');
    const endsAt = Math.round((await ada.read<FreezesAnswer>('/api/freezes')).now) + 3_600_000;
    const answer = await ada.post('/api/freezes', { service: 'shop', endsAt, reason: 'migration' });
    const { freeze } = (await answer.json()) as FreezeAnswer;
    expect(freeze).toMatchObject({ service: 'shop', endsAt, by: 'Ada', reason: 'migration', endedBy: null });
    const frozen = [{ name: `${freeze.id} of Ada`, services: ['shop'], reason: 'migration', until: endsAt }];
    expect((await ada.read<Overview>('/api/overview')).frozen).toEqual(frozen);
    expect(await ada.read<FreezesAnswer>('/api/freezes')).toMatchObject({ frozen, calendar: [] });
    expect((await grace.post(`/api/freezes/${freeze.id}/end`)).status).toBe(200);
    const after = await ada.read<FreezesAnswer>('/api/freezes');
    expect(after).toMatchObject({ frozen: [], declared: [{ id: freeze.id, endedBy: 'Grace' }] });
    for (const wrong of [
      { endsAt },
      { reason: 'r' },
      { endsAt, reason: 'r', service: '*' },
      { endsAt: 1, reason: 'r' },
    ])
      expect(await errorOf(await ada.post('/api/freezes', wrong))).toMatchObject([400, { code: 'BODY_INVALID' }]);
    expect((await fetch(`${service.url}/api/freezes`, { method: 'POST' })).status).toBe(401);
  });
});
