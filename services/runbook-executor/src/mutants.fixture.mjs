/**
 * The ledger's own tests against the ledger without one of its guards: a plug-in takes the guard out of the source as it is loaded, nothing
 * on disk changes. Prints one line of JSON: for each guard the names of the tests that failed.
 */
import { fileURLToPath } from 'node:url';
import { startVitest } from 'vitest/node';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const executor = 'services/runbook-executor/src';

/** `without` is exactly one place of the file. `tests` should notice; of all tests those of `only` are run. */
const guards = [
  {
    name: 'compare-and-set',
    file: 'packages/lifecycle/src/step.ts',
    without: 'WHERE id = $1 AND version = $2 RETURNING id',
    leaves: 'WHERE id = $1 AND $2::int IS NOT NULL RETURNING id',
    tests: 'packages/lifecycle/src/step.test.ts',
  },
  {
    name: 'fence',
    file: `${executor}/record.ts`,
    without: 'AND fence = $2 AND',
    leaves: 'AND $2::bigint IS NOT NULL AND',
    tests: `${executor}/ledger.test.ts`,
  },
  {
    name: 'budget',
    file: `${executor}/admission.ts`,
    without: 'await lockBudgets(tx, action);',
    leaves: '',
    tests: `${executor}/limits.test.ts`,
  },
  {
    name: 'probe',
    file: `${executor}/perform.ts`,
    without: `recovered && action.planned.class === 'probe' &&`,
    leaves: 'false &&',
    tests: `${executor}/ledger.test.ts`,
  },
  {
    name: 'lease',
    file: `${executor}/admission.ts`,
    without: 'if (taken > 0) return',
    leaves: 'if (taken < 0) return',
    tests: `${executor}/ledger.test.ts`,
  },
  {
    name: 'last look',
    file: `${executor}/perform.ts`,
    without: 'if (stopped) return stopped;',
    leaves: '',
    tests: `${executor}/gate.test.ts`,
  },
  {
    name: 'plan hash',
    file: `${executor}/authorise.ts`,
    without: 'if (hash !== action.planHash || !plan.every((entry) => entry.columnsAgree)) {',
    leaves: 'if (!plan.every((entry) => entry.columnsAgree)) {',
    tests: `${executor}/approval.test.ts`,
  },
  {
    name: 'one at a time',
    file: `${executor}/admission.ts`,
    without: 'if (busyMs > 0) return',
    leaves: 'if (busyMs < 0) return',
    tests: `${executor}/one-at-a-time.test.ts`,
  },
];
const only =
  'exactly one of many|was overtaken between|stale executor|twice in ten minutes|is asked about|keeps others out|kill switch that goes on|edited after it was read|twenty executors';

/** Nothing is taken out: what fails then fails for another reason. */
const control = {
  name: 'nothing',
  tests: [...new Set(guards.map(({ tests }) => tests))].filter((file) => !file.includes('limits')),
};

const plugin = ({ file, without, leaves }) => ({
  name: 'without-a-guard',
  enforce: 'pre',
  transform(code, id) {
    if (file === undefined || !id.endsWith(file)) return undefined;
    if (code.split(without).length !== 2) throw new Error(`${file} has not exactly one place with: ${without}`);
    return { code: code.replace(without, () => leaves), map: null };
  },
});

const vitest = await startVitest('test', [], {
  root,
  config: false,
  watch: false,
  reporters: [{}],
  testNamePattern: only,
  maxWorkers: 2,
  projects: [...guards, control].map((guard) => ({
    root,
    plugins: [plugin(guard)],
    resolve: { conditions: ['source'] },
    ssr: { resolve: { conditions: ['source', 'node'] } },
    test: { name: guard.name, include: [guard.tests].flat(), testTimeout: 20_000, hookTimeout: 30_000 },
  })),
});
const found = Object.fromEntries([...guards, control].map(({ name }) => [name, []]));
for (const module of vitest.state.getTestModules())
  for (const test of module.children.allTests('failed')) found[module.project.name].push(test.fullName);
await vitest.close();
process.stdout.write(`${JSON.stringify(found)}\n`);
process.exit(0);
