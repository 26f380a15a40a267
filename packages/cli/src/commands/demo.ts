import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openDb } from '@nightshift/db';
import { dataFolder } from '../folders.ts';
import { follow } from '../follow.ts';
import { startRun, type Run } from '../run.ts';
import { compare, scenarioOf, type Outcome } from '../scenario.ts';
import { onInterrupt } from '../signals.ts';
import { shopService, warm } from '../warm.ts';

export type DemoOptions = { scenario: string; exit: boolean; json: boolean; portBase: number; verbose: boolean };

const limitMs = 90_000;

/**
 * Starts everything, causes one fault and follows what becomes of it. With `exit`: on free ports and in a folder of its own, which
 * is removed afterwards. Returns 0 only when it ended as it should.
 */
export async function demo(options: DemoOptions): Promise<number> {
  scenarioOf(options.scenario); // an unknown one ends it here, before anything is started
  const screen = (text: string) => void process.stderr.write(`${text}\n`);
  const interruption = onInterrupt(screen);
  const { signal } = interruption;
  const dir = options.exit ? await mkdtemp(join(tmpdir(), 'nightshift-demo-')) : dataFolder(process.env);
  const own = options.exit ? { durable: false } : { portBase: options.portBase };
  try {
    const run = await startRun({ dir, verbose: options.verbose, screen, env: process.env, signal, ...own });
    try {
      const code = await tell(run, options, screen, signal);
      if (options.exit || signal.aborted) return code;
      screen(
        `the console: ${run.system.urls.console}/login?token=${encodeURIComponent(run.system.secrets.console)}   Ctrl-C stops everything.`,
      );
      await interruption.wait();
      return code;
    } finally {
      await run.stop();
    }
  } catch (error) {
    if (signal.aborted) return 1;
    throw error;
  } finally {
    if (options.exit) await rm(dir, { recursive: true, force: true });
  }
}

async function tell(
  run: Run,
  options: DemoOptions,
  screen: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const { name, expected } = scenarioOf(options.scenario);
  const { shop } = run.system;
  const db = openDb({ url: run.ground.databaseUrl, name: 'nightshift demo', max: 2 });
  try {
    screen('waiting until the shop is well and its detection warm …');
    await warm(run.system, db, { signal });
    const effectsBefore = (await shop.effects()).length;
    const faultAt = await shop.cause(name);
    screen(`   0.0 s  fault: ${name}. Expected: ${expected.words}`);
    const onEvent = (afterMs: number, words: string) =>
      screen(`${(afterMs / 1_000).toFixed(1).padStart(6)} s  ${words}`);
    const followed = follow({ db, service: shopService, scenario: name, expected, faultAt, limitMs, onEvent });
    const interrupted = pause(2 ** 30, undefined, { signal, ref: false }).then(() => followed); // rejects on Ctrl-C
    const { outcome, incidents, timedOut } = await Promise.race([followed, interrupted]);

    const effects = (await shop.effects()).slice(effectsBefore);
    const deployed = effects.find((effect) => effect.by === 'fault' && effect.kind === 'deploy');
    const wrong = compare(
      outcome,
      incidents,
      effects.filter((effect) => effect.by === 'action'),
      deployed,
    );
    if (timedOut) wrong.unshift(`it was not over ${limitMs / 1_000} s after the fault`);
    for (const words of wrong) screen(`not as expected: ${words}`);
    process.stdout.write(`${options.json ? JSON.stringify(outcome) : summary(outcome, wrong.length === 0)}\n`);
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await db.close();
  }
}

function summary(outcome: Outcome, good: boolean): string {
  const seconds = (ms: number | null) => (ms === null ? '–' : `${(ms / 1_000).toFixed(1)} s`);
  const { faultToDetected, detectedToActed, faultToResolved } = outcome.ms;
  const actions =
    outcome.actions.map((action) => `${action.type} on ${action.target}: ${action.state}`).join(', ') || 'none';
  return `${good ? 'as expected' : 'NOT as expected'}: ${outcome.scenario} is ${outcome.status}${outcome.resolution ? ` (${outcome.resolution})` : ''}
  detected after ${seconds(faultToDetected)}, acted ${seconds(detectedToActed)} later, resolved after ${seconds(faultToResolved)}
  actions: ${actions}; pages: ${outcome.pages}`;
}
