/** For stories: the one plan of an incident, as each reads it that has to do with it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Db } from '@nightshift/db';
import { changeMode } from '@nightshift/lifecycle';
import { planHash, planInWords, type Preview } from '@nightshift/runbooks';
import { Plan, Postmortem } from '@nightshift/types';
import { root } from './folders.ts';
import type { System } from './system.ts';

/** From now on the runbook asks people, for the shop. */
export const askPeople = (db: Db, runbook: string): Promise<unknown> =>
  db.tx((tx) =>
    changeMode(tx, { runbook, service: 'shop-api', mode: 'approve', hash: '', by: 'ada', reason: 'a story of it' }),
  );

/** What `nightshift runbooks plan` prints. */
export function printed(databaseUrl: string, incidentId: string): Extract<Preview['proposal'], { plan: Plan }> {
  const script = join(root, 'packages/cli/dist/main.js');
  const { stdout, stderr } = spawnSync(process.execPath, [script, 'runbooks', 'plan', incidentId, '--json'], {
    encoding: 'utf8',
    env: { ...process.env, DATABASE_URL: databaseUrl },
  });
  const { proposal } = JSON.parse(
    stdout || `{"proposal":{"kind":"none","reason":${JSON.stringify(stderr)}}}`,
  ) as Preview;
  if (proposal.kind === 'none') throw new Error(proposal.reason);
  return proposal;
}

/** A person reads the plan on the page, and approves what was read. */
export async function signed({ urls, secrets }: System, incidentId: string): Promise<{ plan: Plan; hash: string }> {
  const login = await fetch(`${urls.console}/login?name=grace&token=${encodeURIComponent(secrets.console)}`, {
    redirect: 'manual',
  });
  const cookie = login.headers.getSetCookie()[0]!.split(';')[0]!;
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${urls.console}/api${path}`, {
      ...init,
      headers: { cookie, 'content-type': 'application/json', ...(init.headers as Record<string, string>) },
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json() as Promise<Record<string, unknown>>;
  };
  const { csrf } = (await ask('/session')) as { csrf: string };
  const { approval } = (await ask(`/incidents/${incidentId}`)) as {
    approval: { id: string; plan: Plan; planHash: string };
  };
  await ask(`/approvals/${approval.id}/decide`, {
    method: 'POST',
    headers: { 'x-nightshift-csrf': csrf },
    body: JSON.stringify({ verdict: 'approve', planHash: approval.planHash }),
  });
  return { plan: Plan.parse(approval.plan), hash: approval.planHash };
}

/** The actions that the executor carried out, and of which plan it says that they were. */
export async function carriedOut(db: Db): Promise<{ actions: unknown[]; hashes: Set<string> }> {
  const rows = await db.query<{ planned: unknown; hash: string }>(
    `SELECT planned, plan_hash AS hash FROM action WHERE state = 'succeeded' ORDER BY step`,
  );
  return { actions: rows.map(({ planned }) => planned), hashes: new Set(rows.map(({ hash }) => hash)) };
}

/** The postmortem as it is read. */
export async function written(db: Db): Promise<string> {
  const [row] = await db.query<{ data: unknown }>('SELECT data FROM postmortem');
  return Postmortem.parse(row?.data).markdown;
}

/** What a plan is known by, and every line of it in words. */
export const known = (plan: Plan): { hash: string; lines: string[] } => {
  const hash = planHash(plan);
  return { hash, lines: planInWords(plan, hash) };
};
