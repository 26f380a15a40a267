import { buildMutant, mutants } from './mutants.ts';
import { readOptions, usage, type Options } from './options.ts';
import { report } from './report.ts';
import { runFaults } from './run.ts';

function optionsOrExit(): Options {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options !== 'help') return options;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`test:faults: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

const options = optionsOrExit();
const began = performance.now();
const say = (text: string) =>
  console.error(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${text}`);
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopped.abort(new Error(`stopped by ${signal}`)));
const mutant = options.mutant === null ? null : await buildMutant(options.mutant);
if (mutant) say(`with a mutant: ${mutants[options.mutant!]!.what}`);
try {
  const outcome = await runFaults({
    ...options,
    ...(mutant ? { executor: mutant.program } : {}),
    signal: stopped.signal,
    say,
  });
  const { words, figures, good } = report(outcome);
  if (!options.json) console.log(words);
  else {
    console.error(words);
    console.log(JSON.stringify(figures));
  }
  process.exitCode = good ? 0 : 1;
} catch (error) {
  console.error(`test:faults: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await mutant?.remove();
}
process.exit();
