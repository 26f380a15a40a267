/** Secrets in everything that is looked at, through diagnosis, decision and page: afterwards they stand nowhere. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findIncident } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { eventually, everyRow, insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from './folders.ts';

const canary = 'c4n4ryC4N4RYc4n4ry99';
/** What a careless program prints, as one line each. */
const spilt = [
  `connect postgres://app:${canary}@db/shop failed`,
  `Authorization: Bearer ${canary}`,
  `password=${canary} token: "${canary}" api_key='${canary}'`,
  `aws_secret_access_key = ${canary} of AKIA${canary.toUpperCase()}`,
  `pushed with ghp_${canary}`,
];
const block = `-----BEGIN RSA PRIVATE KEY-----\n${canary}\n${canary}\n-----END RSA PRIVATE KEY-----`;

let test: TestDatabase;
let folder: string;
let outside: Server;
const pages: string[] = [];
const children: ChildProcess[] = [];
let said = '';

beforeAll(async () => {
  [test, folder] = await Promise.all([testDatabase(), mkdtemp(join(tmpdir(), 'nightshift-canaries-'))]);
  await migrateQueue(test.url);
  outside = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url!.startsWith('/page')) pages.push(Buffer.concat(chunks).toString());
      response.writeHead(request.url!.startsWith('/page') ? 204 : 500, { 'set-cookie': `session=${canary}` });
      response.end(request.url!.startsWith('/page') ? '' : spilt.join('\n'));
    });
  }).listen(0, '127.0.0.1');
  await once(outside, 'listening');
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  outside.closeAllConnections();
  outside.close();
  await test.close();
  await rm(folder, { recursive: true });
});

function start(service: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [join(root, 'services', service, 'dist/main.js')], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'debug', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += String(chunk)));
}

it('a secret of an address, an answer, a log or a program reaches neither logs nor database nor pages (defect 27)', async () => {
  const at = `127.0.0.1:${(outside.address() as AddressInfo).port}`;
  const lines = spilt.map((line) => `${new Date().toISOString()} ERROR ${line}`);
  await writeFile(
    join(folder, 'app.log'),
    `${new Date(Date.now() - 3_600_000).toISOString()} INFO up\n${lines.join('\n')}\n`,
  );
  await writeFile(join(folder, 'careless'), `#!/bin/sh\ncat <<'END'\n${spilt.join('\n')}\n${block}\nEND\nexit 2\n`, {
    mode: 0o755,
  });
  await mkdir(join(folder, 'runbooks'));
  const target = (kind: string, more: object = {}) => ({ id: kind, kind, ...more });
  const targets = [
    target('postgres', { urlEnv: 'DB' }),
    target('redis', { urlEnv: 'CACHE' }),
    target('bullmq', { urlEnv: 'CACHE', queue: 'mail' }),
    target('http', { urlEnv: 'WEB', allowPrivate: true }),
    target('prometheus', { urlEnv: 'WEB', tokenEnv: 'TOKEN', query: 'up' }),
    target('tls', { urlEnv: 'WEB' }),
    target('tcp', { urlEnv: 'WEB' }),
    target('docker', { urlEnv: 'WEB', container: 'api' }),
    target('log', { path: join(folder, 'app.log') }),
  ];
  const checks = [
    { id: 'answer', title: 'x', urlEnv: 'WEB', tokenEnv: 'TOKEN', facts: {} },
    { id: 'careless', title: 'x', command: [join(folder, 'careless')], facts: {} },
  ];
  const pager = { id: 'pager', kind: 'webhook', urlEnv: 'PAGER', secretEnv: 'TOKEN', allowPrivate: true };
  const files = {
    'catalogue.yaml': { schema: 1, services: [{ name: 'shop', targets, checks }] },
    'oncall.yaml': {
      schema: 1,
      channels: [pager],
      policies: [{ id: 'all', levels: [{ notify: ['pager'] }] }],
      defaultPolicy: 'all',
    },
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(content));
  const env = {
    DATABASE_URL: test.url,
    NIGHTSHIFT_CONFIG_DIR: folder,
    NIGHTSHIFT_SECRET: `the secret of the test is ${canary}`,
    PORT: '0',
    CHECK_DEADLINE_MS: '3000',
    DIAGNOSTIC_COMMANDS: join(folder, 'careless'),
    DB: `postgres://app:${canary}@127.0.0.1:1/shop`,
    CACHE: `redis://:${canary}@127.0.0.1:1`,
    WEB: `http://ada:${canary}@${at}/?token=${canary}`,
    PAGER: `http://${at}/page?key=${canary}`,
    TOKEN: canary,
  };
  for (const service of ['diagnostics', 'runbook-executor', 'escalation']) start(service, env);
  const id = await insertIncident(test.db, { service: 'shop' });
  await insertOwed(test.db, id, 'diagnose');
  await eventually(
    async () => {
      if (children.some(({ exitCode }) => exitCode !== null)) throw new Error(said);
      expect((await findIncident(test.db, id))!.state).toBe('escalated');
      expect(pages).not.toEqual([]);
      expect(await test.db.query(`SELECT 1 FROM notification WHERE state = 'sent'`)).not.toEqual([]);
    },
    { timeoutMs: 60_000 },
  );
  const rows = await everyRow(test.db);
  // It was all looked at, and what is no secret was kept.
  for (const check of ['log_patterns', 'custom.careless', 'custom.answer', 'docker_container'])
    expect(rows).toContain(check);
  expect(rows).toContain('aws_secret_access_key = ***');
  expect(said).toContain('"msg":"listening"');
  for (const [where, text] of Object.entries({ rows, said, pages: pages.join() }))
    expect(text.toLowerCase().includes(canary.toLowerCase()), where).toBe(false);
});
