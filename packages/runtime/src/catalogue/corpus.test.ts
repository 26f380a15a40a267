/** Mistakes that people make in a catalogue: each is told by file, line, field and what was expected, and the last good stays in force. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@nightshift/testkit';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCatalogue, watchCatalogue } from './load.ts';

const good = `schema: 1
services:
  - name: shop-api
    owner: team-shop
    criticality: high
    dependsOn: [ledger]
    selectors:
      - { namespace: shop, app: "api-*" }
    policy: shop
    targets:
      - id: api
        kind: process
        urlEnv: CONTROL_URL
        tokenEnv: CONTROL_TOKEN
        process: api
        instances: { min: 1, max: 4 }
        actions: [restart_service]
      - { id: cache, kind: redis, urlEnv: CACHE_URL, clearPrefixes: ["query:"] }
      - { id: web, kind: http, urlEnv: WEB_URL, path: /healthz, expectStatus: 200 }
      - { id: db, kind: postgres, urlEnv: DB_URL, limitBytes: 1000000 }
      - { id: disk, kind: disk, path: /var }
      - { id: port, kind: tcp, urlEnv: PORT_URL }
      - { id: name, kind: dns, name: shop.example, expect: [192.0.2.1], server: "192.0.2.53:53" }
      - { id: cert, kind: tls, urlEnv: CERT_URL, warnDays: 14 }
      - { id: pods, kind: kubernetes, namespace: shop, workload: deployment, name: api }
      - { id: box, kind: docker, container: api }
      - { id: jobs, kind: bullmq, urlEnv: CACHE_URL, queue: mail, waitingLimit: 100 }
      - { id: slow, kind: prometheus, urlEnv: PROM_URL, query: up, degradedBelow: 1 }
      - { id: log, kind: log, command: [/usr/bin/tail, -n, "1000", /var/log/api.log], errorWords: [error] }
    checks:
      - id: stuck_orders
        title: Orders that do not move
        urlEnv: ORDERS_URL
        facts: { stuck: number }
  - name: ledger
`;

/** What is right, what was written instead ("»" where it is to be pointed at), in which field, and what the message must say. */
const mistakes: [right: string, wrong: string, field: string, says: RegExp][] = [
  // Not YAML at all, or not as a catalogue.
  ['schema: 1', '»schema: 2', 'schema', /expected 1/],
  ['schema: 1\n', '', 'schema', /expected 1/],
  ['schema: 1', 'schema: [1', '', /./],
  ['    owner: team-shop', '\t»owner: team-shop', '', /tab/i],
  ['    owner: team-shop', '    owner: »"team-shop', '', /./],
  ['    owner: team-shop', '    owner: team-shop\n    »owner: other', '', /unique/i],
  ['services:\n', '»service:\n', 'service', /not a known field/],
  ['services:\n', 'services:\n»x: 1\n', '', /./],
  ['  - name: ledger\n', '  »- ledger\n', 'services[1]', /object/],
  ['  - name: ledger\n', '---\nschema: 1\n»services: 5\n', 'services', /array/],
  // The service.
  ['name: shop-api', '»name: "*"', 'services[0].name', /exactly one thing/],
  ['name: shop-api', '»name: ""', 'services[0].name', /exactly one thing/],
  ['name: shop-api', '»name: shop api', 'services[0].name', /exactly one thing/],
  ['name: shop-api', '»name: 7', 'services[0].name', /string/],
  ['- name: shop-api\n    owner', '- »owner', 'services[0].name', /string/],
  ['owner: team-shop', '»owner: ""', 'services[0].owner', />=1 char/],
  ['owner: team-shop', '»ownr: team-shop', 'services[0].ownr', /not a known field/],
  ['criticality: high', '»criticality: urgent', 'services[0].criticality', /"low"\|"medium"\|"high"/],
  ['dependsOn: [ledger]', 'dependsOn: [»ledgr]', 'services[0].dependsOn[0]', /"ledgr" is no service of the catalogue/],
  ['dependsOn: [ledger]', 'dependsOn: [»shop-api]', 'services[0].dependsOn[0]', /cannot depend on itself/],
  ['dependsOn: [ledger]', '»dependsOn: ledger', 'services[0].dependsOn', /array/],
  ['policy: shop', '»policy: "a b"', 'services[0].policy', /exactly one thing/],
  ['  - name: ledger', '  - »name: shop-api', 'services[1].name', /declared twice/],
  // Selectors.
  ['- { namespace: shop, app: "api-*" }', '- »{}', 'services[0].selectors[0]', /at least one label/],
  ['app: "api-*"', '»app: "*"', 'services[0].selectors[0].app', /a value, or a beginning/],
  ['app: "api-*"', '»app: "*-api"', 'services[0].selectors[0].app', /a value, or a beginning/],
  ['app: "api-*"', '»app: 5', 'services[0].selectors[0].app', /string/],
  [
    '  - name: ledger',
    '  - name: ledger\n    selectors: [»{ app: "api-*", namespace: shop }]',
    'services[1].selectors[0]',
    /declared twice/,
  ],
  // Targets.
  ['id: cache', '»id: "cache*"', 'services[0].targets[1].id', /exactly one thing/],
  ['id: cache', '»id: api', 'services[0].targets[1].id', /"api" is declared twice/],
  ['kind: redis', '»kind: rediss', 'services[0].targets[1].kind', /one of process, redis, http/],
  ['kind: redis, ', '', 'services[0].targets[1].kind', /one of process, redis, http/],
  [
    'urlEnv: DB_URL',
    '»urlEnv: "postgres://u:secret@h/d"',
    'services[0].targets[3].urlEnv',
    /NAME of an environment variable/,
  ],
  ['urlEnv: DB_URL', '»urlEnv: db_url', 'services[0].targets[3].urlEnv', /NAME of an environment variable/],
  ['        tokenEnv: CONTROL_TOKEN\n', '', 'services[0].targets[0].tokenEnv', /string/],
  ['actions: [restart_service]', 'actions: [»delete_data]', 'services[0].targets[0].actions[0]', /"restart_service"/],
  ['actions: [restart_service]', '»actions: restart_service', 'services[0].targets[0].actions', /array/],
  ['min: 1, max: 4', '»min: 5, max: 4', 'services[0].targets[0].instances.min', /not be above max/],
  ['min: 1, max: 4', '»min: -1, max: 4', 'services[0].targets[0].instances.min', />=0/],
  ['min: 1, max: 4', 'min: 1, »max: 1.5', 'services[0].targets[0].instances.max', /int/],
  ['min: 1, max: 4', 'min: 1, »max: many', 'services[0].targets[0].instances.max', /number/],
  ['clearPrefixes: ["query:"]', 'clearPrefixes: [»"*"]', 'services[0].targets[1].clearPrefixes[0]', /./],
  ['clearPrefixes: ["query:"]', 'clearPrefixes: [»"q*y:"]', 'services[0].targets[1].clearPrefixes[0]', /no wildcard/],
  ['path: /healthz', '»path: healthz', 'services[0].targets[2].path', /start with "\/"/],
  ['expectStatus: 200', '»expectStatus: 20', 'services[0].targets[2].expectStatus', />=100/],
  ['limitBytes: 1000000', '»limitBytes: 1 GB', 'services[0].targets[3].limitBytes', /number/],
  ['path: /var }', '»path: var }', 'services[0].targets[4].path', /absolute path/],
  ['name: shop.example', '»name: "https://shop.example"', 'services[0].targets[6].name', /one host name/],
  ['expect: [192.0.2.1]', 'expect: [»192.0.2]', 'services[0].targets[6].expect[0]', /./],
  ['server: "192.0.2.53:53"', '»server: dns.example', 'services[0].targets[6].server', /IP address/],
  ['warnDays: 14', '»warnDays: 0', 'services[0].targets[7].warnDays', />=1/],
  ['workload: deployment', '»workload: job', 'services[0].targets[8].workload', /"deployment"/],
  ['container: api', '»container: "api*"', 'services[0].targets[9].container', /exactly one thing/],
  ['waitingLimit: 100', '»waitingLimit: 0', 'services[0].targets[10].waitingLimit', />0/],
  ['query: up', '»query: ""', 'services[0].targets[11].query', />=1 char/],
  ['degradedBelow: 1', '»degradedBelow: one', 'services[0].targets[11].degradedBelow', /number/],
  ['[/usr/bin/tail, ', '[»tail, ', 'services[0].targets[12].command[0]', /absolute path/],
  ['errorWords: [error]', '»errorWords: []', 'services[0].targets[12].errorWords', />=1/],
  // Checks of one's own.
  ['id: stuck_orders', '»id: Stuck-Orders', 'services[0].checks[0].id', /lower case/],
  ['        urlEnv: ORDERS_URL\n', '', 'services[0].checks[0].urlEnv', /exactly one of urlEnv and command/],
  [
    'urlEnv: ORDERS_URL',
    '»urlEnv: ORDERS_URL\n        command: [/bin/true]',
    'services[0].checks[0].urlEnv',
    /exactly one of/,
  ],
  [
    'facts: { stuck: number }',
    'facts: { »stuck: integer }',
    'services[0].checks[0].facts.stuck',
    /"number"\|"string"\|"boolean"/,
  ],
];

const inText = (right: string, wrong: string) => {
  expect(good).toContain(right);
  const marked = good.replace(right, () => wrong);
  const at = marked.indexOf('»');
  return { text: marked.replace('»', ''), line: at < 0 ? null : marked.slice(0, at).split('\n').length };
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-corpus-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(text: string) {
  const own = await mkdtemp(join(folder, 'c-'));
  await writeFile(join(own, 'catalogue.yaml'), text);
  return own;
}

describe('a mistake in the catalogue', () => {
  it('is none in the good one', async () => {
    expect(await loadCatalogue(await written(good))).toMatchObject({ ok: true });
  });

  it.each(mistakes)('%j -> %j', async (right, wrong, field, says) => {
    const { text, line } = inText(right, wrong);
    const own = await written(text);
    const loaded = await loadCatalogue(own);
    const problems = loaded.ok ? [] : loaded.problems;
    const problem = problems.find((each) => each.field === field && says.test(each.message));
    expect(problem, JSON.stringify(problems)).toMatchObject({ file: join(own, 'catalogue.yaml') });
    if (line !== null) expect(problem!.line).toBe(line);
    expect(problem!.line).toBeGreaterThan(0);
    // Whatever was wrong, a value that may be a secret is not repeated.
    expect(JSON.stringify(problems)).not.toContain('secret');
  });

  it('leaves the last good in force, and the mended one takes its place, for each of them', async () => {
    const watched = await Promise.all(
      mistakes.map(async ([right, wrong]) => {
        const own = await written(good);
        return {
          own,
          broken: inText(right, wrong).text,
          follows: await watchCatalogue(own, pino({ level: 'silent' })),
        };
      }),
    );
    const names = (each: (typeof watched)[number]) => each.follows.current().services.map(({ name }) => name);
    await Promise.all(watched.map(({ own, broken }) => writeFile(join(own, 'catalogue.yaml'), broken)));
    await eventually(() => {
      for (const each of watched) expect(each.follows.problems(), each.broken).not.toEqual([]);
    });
    for (const each of watched) expect(names(each)).toEqual(['shop-api', 'ledger']);
    const mended = `${good}  - name: mended\n`;
    await Promise.all(watched.map(({ own }) => writeFile(join(own, 'catalogue.yaml'), mended)));
    await eventually(() => {
      for (const each of watched) expect(names(each)).toEqual(['shop-api', 'ledger', 'mended']);
    });
    await Promise.all(watched.map(({ follows }) => follows.close()));
  });
});
