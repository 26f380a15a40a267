import { moveClock, now } from '@nightshift/db';
import { findIncident, step, timeline } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { signLink } from '@nightshift/runtime';
import { insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleOn, secret } from '../testing/console.ts';

let test: TestDatabase;
let service: Awaited<ReturnType<typeof consoleOn>>;
beforeAll(async () => {
  test = await testDatabase();
  await migrateQueue(test.url);
  service = await consoleOn(test.url);
});
afterAll(async () => {
  await service?.close();
  await test?.close();
});

let services = 0;
async function paged(by = 'ada', title?: string) {
  const id = await insertIncident(test.db, {
    service: `svc-${++services}`,
    state: 'escalated',
    ...(title ? { title } : {}),
  });
  const token = signLink(secret, { incidentId: id, purpose: 'ack', expiresAt: (await now(test.db)) + 3_600_000, by });
  return { id, token };
}
const look = (token: string) => fetch(`${service.url}/ack?token=${encodeURIComponent(token)}`);
const press = (token: string, headers: Record<string, string> = {}) =>
  fetch(`${service.url}/ack`, { method: 'POST', headers, body: new URLSearchParams({ token }) });

describe('the acknowledge link', () => {
  it('shows a button and does nothing: mail scanners follow links', async () => {
    const { id, token } = await paged();
    for (let i = 0; i < 3; i++) {
      const answer = await look(token);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('I have it (ada)');
    }
    expect((await fetch(`${service.url}/ack?token=${token}`, { method: 'HEAD' })).status).toBe(200);
    expect(await findIncident(test.db, id)).toMatchObject({ acknowledgedBy: null });
  });

  it('acknowledges when the button is pressed, in the name it was signed for; again changes nothing', async () => {
    const { id, token } = await paged();
    expect(await (await press(token)).text()).toContain('ada has it.');
    expect(await (await press(token)).text()).toContain('ada has it.');
    expect(await (await look(token)).text()).toContain('ada has it.');
    expect(await timeline(test.db, id)).toMatchObject([{ actor: 'ada', event: { kind: 'acknowledged', by: 'ada' } }]);
  });

  it('says who was faster', async () => {
    const { id, token } = await paged();
    await step(test.db, id, { kind: 'acknowledged', by: 'Grace' }, { actor: 'Grace' });
    expect(await (await press(token)).text()).toContain('Grace has it.');
  });

  it('says when it is over', async () => {
    const { id, token } = await paged();
    await step(test.db, id, { kind: 'resolved_by_person', by: 'Grace', reason: '' }, { actor: 'Grace' });
    expect(await (await look(token)).text()).toContain('It is resolved already.');
    expect(await (await press(token)).text()).toContain('It is resolved already.');
  });

  it('is refused when it was changed, cut, or made with another secret', async () => {
    const { id, token } = await paged();
    const [body, mac] = token.split('.') as [string, string];
    const forged = Buffer.from(JSON.stringify({ incidentId: id, purpose: 'ack', expiresAt: 9e15, by: 'eve' })).toString(
      'base64url',
    );
    const bad = [
      '',
      'x',
      body,
      `${body}.`,
      `.${mac}`,
      `${forged}.${mac}`,
      `${body}.${mac.slice(0, -1)}${mac.endsWith('A') ? 'B' : 'A'}`,
      'x'.repeat(3_000),
    ];
    for (const given of bad) {
      for (const answer of [await look(given), await press(given)]) {
        expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8']);
        expect(await answer.text()).toContain('This link is not valid');
      }
    }
    expect(await findIncident(test.db, id)).toMatchObject({ acknowledgedBy: null });
  });

  it('shows hostile text as text, and its style is the only thing the policy lets through', async () => {
    const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>`;
    const { token } = await paged(hostile, hostile);
    const answer = await look(token);
    const html = await answer.text();
    expect(html).not.toMatch(/<img|<script/);
    expect(html).toContain('&lt;script&gt;');
    expect(answer.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'.*form-action 'self'; style-src 'sha256-[^']+'$/,
    );
  });

  it('takes nothing but a small form', async () => {
    const { token } = await paged();
    expect((await press('x'.repeat(10_000))).status).toBe(413);
    const json = await fetch(`${service.url}/ack`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: token,
    });
    expect(json.status).toBeLessThan(500);
    expect(json.status).toBeGreaterThanOrEqual(400);
  });

  it('expires by the clock of the database', async () => {
    const { id, token } = await paged();
    await moveClock(test.db, 3_600_001);
    expect((await look(token)).status).toBe(403);
    expect((await press(token)).status).toBe(403);
    expect(await findIncident(test.db, id)).toMatchObject({ acknowledgedBy: null });
  });
});
