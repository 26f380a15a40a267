import { now, type Db, type Tx } from '@nightshift/db';
import { raise, step } from '@nightshift/lifecycle';
import { planHash as hashOf } from '@nightshift/runbooks';
import { newId, type Plan, type PlannedAction } from '@nightshift/types';

/** Texts of a story that come from outside, so that a test can make them hostile. */
export type Words = { service: string; metric: string; title: string; output: string; version: string };
const words: Words = {
  service: 'shop-api',
  metric: 'http_error_ratio',
  title: 'shop-api: too many errors',
  output: 'GET /healthz answered 500 in 212 ms',
  version: 'v2',
};

/** A bad deployment is noticed: series, deployment, history with its band, anomalies, and the open incident, as the detector writes them. */
export async function openStory(db: Db, given: Partial<Words> = {}): Promise<{ incidentId: string; words: Words }> {
  const told = { ...words, ...given };
  const at = await now(db);
  const onsetAt = at - 20_000;
  const signals = [
    { name: told.metric, value: 0.42, expected: 0.012, low: 0, high: 0.031, severity: 'critical' as const, score: 16 },
    {
      name: 'http_latency_p95_ms',
      value: 911,
      expected: 118,
      low: 84,
      high: 162,
      severity: 'critical' as const,
      score: 12.4,
    },
    {
      name: 'checkout_rate',
      value: 3.1,
      expected: 18.2,
      low: 14,
      high: 22.5,
      severity: 'warning' as const,
      score: 4.2,
    },
  ];
  const incidentId = await db.tx(async (tx) => {
    await tx.query(
      `INSERT INTO deployment (id, service, version, previous_version, deployed_at, by, url) VALUES ($1, $2, $3, 'v1', ms($4), 'ci', NULL)`,
      [newId('dep'), told.service, told.version, onsetAt - 14_000],
    );
    const ids: number[] = [];
    for (const { name } of signals) ids.push(await insertSeries(tx, name, told.service));
    const raised = await raise(
      tx,
      {
        service: told.service,
        type: 'high_error_rate',
        rule: 'errors-by-name',
        conditions: [{ condition: 'a signal called error', actual: told.metric, holds: true }],
        severity: 'critical',
        title: told.title,
        onsetAt,
        reason: '2 critical signals within 60 s',
        anomalies: signals.map(({ name, value, expected, severity }) => ({ metric: name, value, expected, severity })),
      },
      'detector',
    );
    for (const [i, { value, expected, low, high, severity, score }] of signals.entries()) {
      await tx.query(
        `INSERT INTO anomaly (series_id, service, incident_id, started_at, last_at, value, expected, low, high, score, severity, direction)
         VALUES ($1, $2, $3, ms($4), ms($5), $6, $7, $8, $9, $10, $11, $12)`,
        [
          ids[i],
          told.service,
          raised.incidentId,
          onsetAt,
          at,
          value,
          expected,
          low,
          high,
          score,
          severity,
          value > expected ? 'up' : 'down',
        ],
      );
      await insertPoints(tx, raised.incidentId, ids[i]!, {
        from: at - 240_000,
        to: at,
        onsetAt,
        value,
        expected,
        low,
        high,
      });
    }
    return raised.incidentId;
  });
  return { incidentId, words: told };
}

async function insertSeries(tx: Tx, name: string, service: string): Promise<number> {
  const key = JSON.stringify([name, 'service', service]);
  const [row] = await tx.query<{ id: number }>(
    `INSERT INTO series (key, name, labels, service) VALUES ($1, $2, $3, $4)
     ON CONFLICT (key) DO UPDATE SET service = $4 RETURNING id`,
    [key, name, JSON.stringify({ service }), service],
  );
  return row!.id;
}

type Shape = { from: number; to: number; onsetAt: number; value: number; expected: number; low: number; high: number };

/** A sample every two seconds: calm around what is expected, then out of the band. The wobble is always the same. */
async function insertPoints(tx: Tx, incidentId: string, seriesId: number, shape: Shape): Promise<void> {
  const times: number[] = [];
  for (let at = shape.from; at <= shape.to; at += 2_000) times.push(at);
  const values = times.map((at, i) => {
    const wobble = ((i * 7919) % 101) / 101 - 0.5;
    const calm = shape.expected + wobble * (shape.high - shape.low) * 0.6;
    const reached = Math.min(1, (at - shape.onsetAt) / 10_000);
    const bad = at < shape.onsetAt ? 0 : 0.55 + 0.45 * reached + wobble * 0.08;
    return Math.max(0, calm + (shape.value - shape.expected) * bad);
  });
  await tx.query(
    `INSERT INTO point (incident_id, series_id, at, value, expected, low, high)
     SELECT $1, $2, ms(p.at), p.value, $5, $6, $7 FROM unnest($3::bigint[], $4::float8[]) AS p (at, value) ON CONFLICT DO NOTHING`,
    [incidentId, seriesId, times, values, shape.expected, shape.low, shape.high],
  );
}

/** Goes on with points that are back inside the band, one every two seconds from `from` on. */
export async function insertCalm(db: Db, incidentId: string, from: number, count: number): Promise<void> {
  await db.query(
    `INSERT INTO point (incident_id, series_id, at, value, expected, low, high)
     SELECT incident_id, series_id, ms($2::bigint + n * 2000), expected + (high - low) * 0.1 * (n % 3 - 1), expected, low, high
       FROM (SELECT DISTINCT ON (series_id) * FROM point WHERE incident_id = $1 ORDER BY series_id, at DESC) last,
            generate_series(0, $3::int - 1) AS n ON CONFLICT DO NOTHING`,
    [incidentId, from, count],
  );
}

/** Diagnostics looked: one target is down, one degraded, one unknown, one well. */
export async function diagnoseStory(db: Db, incidentId: string, told: Words = words): Promise<void> {
  const results = [
    {
      check: 'http_probe',
      target: told.service,
      status: 'down',
      facts: { status: 500, latencyMs: 212 },
      output: told.output,
    },
    {
      check: 'recent_deployments',
      target: told.service,
      status: 'degraded',
      facts: { suspectVersion: told.version, suspectPreviousVersion: 'v1', suspectMinutesBeforeOnset: 0 },
      output: `${told.version} was deployed 14 s before it began; v1 ran before`,
    },
    { check: 'redis_health', target: 'shop-cache', status: 'unknown', facts: {}, output: 'SHOP_CACHE_URL is not set' },
    {
      check: 'database_connections',
      target: 'shop-db',
      status: 'ok',
      facts: { used: 12, max: 100 },
      output: '12 of 100 connections used, none waits',
    },
    {
      check: 'disk_usage',
      target: 'shop-disk',
      status: 'ok',
      facts: { usedRatio: 0.41 },
      output: '41% of the disk is used',
    },
  ];
  const summaries = results.map(({ check, target, status, output }) => ({ check, target, status, summary: output }));
  await step(
    db,
    incidentId,
    { kind: 'diagnosed', results: summaries },
    {
      actor: 'diagnostics',
      async also(tx) {
        for (const { check, target, status, facts, output } of results) {
          await tx.query(
            `INSERT INTO diagnostic (incident_id, generation, check_name, target, status, facts, output, taken_at, duration_ms)
           VALUES ($1, 1, $2, $3, $4, $5, $6, nightshift_now(), 41)`,
            [incidentId, check, target, status, JSON.stringify(facts), output],
          );
        }
      },
    },
  );
}

/** A roll-back, and what stands in for it if it fails; one step left out. */
function planOf(incidentId: string, { service, version }: Words, madeAt: number): Plan {
  const rollback: PlannedAction = {
    step: 0,
    type: 'rollback_deploy',
    target: service,
    provider: 'process',
    params: { from: version, to: 'v1' },
    class: 'idempotent',
    precondition: { version, instance: 'i-7f3a' },
    timeoutMs: 30_000,
    maxRetries: 1,
    summary: `roll back ${service} from ${version} to v1`,
    undo: `deploy ${version} again`,
  };
  const restart: PlannedAction = {
    ...rollback,
    step: 1,
    type: 'restart_service',
    params: {},
    precondition: { instance: 'i-7f3a' },
    summary: `restart ${service}`,
    undo: 'nothing to undo',
    insteadOf: 0,
    waitUntil: { afterMs: 5_000 },
  };
  const use = { scope: service, used: 1, takes: 1, max: 4, windowMs: 600_000 };
  return {
    incidentId,
    runbook: 'roll-back-bad-deploy',
    runbookHash: 'c0ffee',
    actions: [rollback, restart],
    limits: [
      { ...use, step: 0, limit: 'actionsPerTarget' },
      { ...use, step: 1, limit: 'restartsPerTarget', used: 2, max: 2 },
    ],
    blastRadius: { touches: [service], felt: [{ service: 'web', through: service, criticality: 'high' }] },
    omitted: [{ step: 'drain', reason: 'wants queue_backlog.waiting > 10, is 0' }],
    verify: { holdSeconds: 120 },
    madeAt,
  };
}

/** The executor proposes a roll-back and asks for it: rows as it writes them. */
export async function proposeStory(
  db: Db,
  incidentId: string,
  told: Words = words,
): Promise<{ approvalId: string; planHash: string }> {
  const at = await now(db);
  const plan = planOf(incidentId, told, at);
  const planHash = hashOf(plan);
  const approvalId = newId('apr');
  const expiresAt = at + 15 * 60_000;
  const { summary } = plan.actions[0]!;
  const event = {
    kind: 'approval_requested' as const,
    runbook: plan.runbook,
    hash: plan.runbookHash,
    planHash,
    approvalId,
    summary,
    expiresAt,
    conditions: [{ condition: 'type high_error_rate', actual: 'high_error_rate', holds: true }],
    considered: [
      {
        runbook: 'clear-temporary-files',
        reason: 'wants disk_usage degraded, is ok',
        conditions: [
          { condition: 'service shop-api', actual: 'shop-api', holds: true },
          { condition: 'disk_usage degraded', actual: 'ok', holds: false },
        ],
      },
    ],
  };
  await step(db, incidentId, event, {
    actor: 'runbook-executor',
    async also(tx, { generation }) {
      await tx.query('INSERT INTO plan (hash, incident_id, generation, content) VALUES ($1, $2, $3, $4)', [
        planHash,
        incidentId,
        generation,
        JSON.stringify(plan),
      ]);
      await tx.query(
        `INSERT INTO approval (id, incident_id, generation, plan_hash, runbook, summary, required, requested_by, requested_at, expires_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, 1, 'runbook-executor', nightshift_now(), ms($7), 'pending')`,
        [approvalId, incidentId, generation, planHash, plan.runbook, summary, expiresAt],
      );
      for (const planned of plan.actions)
        await tx.query(
          `INSERT INTO action (id, incident_id, generation, step, type, target, service, provider, class, plan_hash, planned, state)
           VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, 'planned')`,
          [
            newId('act'),
            incidentId,
            generation,
            planned.step,
            planned.type,
            planned.target,
            planned.provider,
            planned.class,
            planHash,
            JSON.stringify(planned),
          ],
        );
    },
  });
  return { approvalId, planHash };
}
