import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@nightshift/testkit';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatProblems } from '../yaml.ts';
import { loadCatalogue, watchCatalogue } from './load.ts';

/** As teams keep it beside their code: several documents, kinds and fields that are none of ours, references in every form. */
const catalogInfo = `# checkout's own
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  description: Takes money
  tags: [java]
  annotations:
    github.com/project-slug: acme/checkout
    backstage.io/kubernetes-namespace: shop
    backstage.io/kubernetes-label-selector: 'app=checkout,tier=web'
spec:
  type: service
  lifecycle: production
  owner: group:default/team-pay
  system: shop
  providesApis: [checkout-api]
  dependsOn:
    - resource:default/orders-db
    - component:ledger
    - component:elsewhere/unknown
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: web
  annotations:
    nightshift.io/criticality: high
    nightshift.io/targets: |
      - id: web-http
        kind: http
        urlEnv: WEB_URL
spec: { type: website, lifecycle: production, owner: user:ada, consumesApis: [checkout-api] }
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: checkout-api }
spec: { type: openapi, lifecycle: production, owner: team-pay, definition: { $text: ./openapi.yaml } }
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: { name: orders-db }
spec: { type: database, owner: team-pay }
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: { name: shop }
spec: { owner: team-pay }
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: { name: checkout }
spec: { type: s3-bucket, owner: team-pay }
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: team-pay }
spec: { type: team, children: [] }
---
`;
const ours = 'schema: 1\nservices:\n  - { name: ledger, owner: team-books, dependsOn: [orders-db] }\n';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-catalogue-'));
  await mkdir(join(folder, 'catalogue'));
  await writeFile(join(folder, 'catalogue', 'checkout.yaml'), catalogInfo);
});
afterAll(() => rm(folder, { recursive: true }));

describe('a catalog-info.yaml of Backstage', () => {
  it('is read as it is, together with what is in our own form', async () => {
    await writeFile(join(folder, 'catalogue.yaml'), ours);
    const loaded = await loadCatalogue(folder);
    expect(loaded.ok ? '' : formatProblems(loaded.problems)).toBe('');
    const services = loaded.ok ? loaded.value.services : [];
    expect(services.map(({ name, owner, dependsOn }) => [name, owner, dependsOn])).toEqual([
      ['ledger', 'team-books', ['orders-db']],
      ['checkout', 'team-pay', ['orders-db']],
      ['web', 'ada', ['checkout-api']],
      ['checkout-api', 'team-pay', ['checkout']],
      ['orders-db', 'team-pay', []],
      ['shop', 'team-pay', []],
      ['resource/checkout', 'team-pay', []],
    ]);
    expect(services[1]!.selectors).toEqual([{ namespace: 'shop', app: 'checkout', tier: 'web' }]);
    expect(services[2]).toMatchObject({ criticality: 'high', targets: [{ id: 'web-http', kind: 'http' }] });
  });

  it.each([
    ['nightshift.io/criticality: high', 'nightshift.io/criticality: huge', 28, 'nightshift.io/criticality'],
    ['urlEnv: WEB_URL', 'urlEnv: "http://web"', 32, 'nightshift.io/targets[0].urlEnv'],
    ['kind: http\n', 'kind: htttp\n', 31, 'nightshift.io/targets[0].kind'],
    ['name: web\n', 'name: "*"\n', 26, 'metadata.name'],
    ['github.com/project-slug: acme/checkout', 'github.com/project-slug: 7', 9, 'github.com/project-slug'],
    ['component:ledger', '{}', 20, 'spec.dependsOn[1]'],
  ])('with a mistake (%s -> %s) is refused by file, line and field', async (right, wrong, line, field) => {
    await writeFile(join(folder, 'catalogue', 'checkout.yaml'), catalogInfo.replace(right, wrong));
    const loaded = await loadCatalogue(folder);
    await writeFile(join(folder, 'catalogue', 'checkout.yaml'), catalogInfo);
    const [problem] = loaded.ok ? [] : loaded.problems;
    expect(problem).toMatchObject({ file: join(folder, 'catalogue', 'checkout.yaml'), line });
    expect(problem!.field).toContain(field);
  });

  it('is followed as a folder: files come and go, and a mistake leaves the last good in force', async () => {
    const watched = await watchCatalogue(folder, pino({ level: 'silent' }));
    const count = () => watched.current().services.length;
    expect(count()).toBe(7);
    await writeFile(join(folder, 'catalogue', 'more.yaml'), 'schema: 1\nservices: [{ name: mail }]\n');
    await eventually(() => expect(count()).toBe(8));
    await writeFile(join(folder, 'catalogue', 'more.yaml'), 'schema: 1\nservices: [{ name: web }]\n');
    await eventually(() => expect(watched.problems()).toMatchObject([{ message: '"web" is declared twice' }]));
    expect(count()).toBe(8);
    await rm(join(folder, 'catalogue', 'more.yaml'));
    await eventually(() => expect(count()).toBe(7));
    expect(watched.problems()).toEqual([]);
    await watched.close();
  });
});
