import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const globalSetup = ['./packages/testkit/src/global-setup.ts'].filter((path) => existsSync(path));
// The rooms' sources are used as they are: no build is needed to test.
const resolve = { conditions: ['source'] };
const ssr = { resolve: { conditions: ['source', 'node'] } };
const rooms = ['packages', 'services', 'infra'];

export default defineConfig({
  test: {
    reporters: ['default', './packages/testkit/src/plain-reporter.ts'],
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: rooms.map((room) => `${room}/**/*.test.ts`),
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.story.test.ts'],
          globalSetup,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'stories',
          include: rooms.map((room) => `${room}/**/*.story.test.ts`),
          exclude: ['**/node_modules/**', '**/dist/**'],
          globalSetup,
          testTimeout: 240_000,
          hookTimeout: 120_000,
          // A story starts every service as a process: one at a time, after the unit tests.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
