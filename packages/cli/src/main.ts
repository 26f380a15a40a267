import { Command, InvalidArgumentError } from 'commander';
import { config } from './commands/config.ts';
import { demo } from './commands/demo.ts';
import { dev } from './commands/dev.ts';
import { doctor } from './commands/doctor.ts';
import { fault } from './commands/fault.ts';
import { migrateAll } from './commands/migrate.ts';
import { createIngestToken, listIngestTokens, revokeIngestToken } from './commands/token.ts';
import { exitCodeOf, explain } from './exit.ts';
import { defaultPortBase } from './ports.ts';
import { scenarioNames } from './scenario.ts';

const whole = (text: string) => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
};
/** Runs a command and ends with its exit code. */
const ends =
  <Args extends unknown[]>(command: (...args: Args) => Promise<number>) =>
  async (...args: Args) => {
    try {
      process.exitCode = await command(...args);
    } catch (error) {
      process.stderr.write(`${explain(error)}\n`);
      process.exitCode = exitCodeOf(error);
    }
    // Whatever still holds the process open (a signal handler, a pooled connection) is of no more use.
    process.stdout.write('', () => process.exit());
  };

const program = new Command('nightshift')
  .description('Takes the 3 a.m. page: detects, diagnoses, repairs inside hard limits, proves it, or wakes a person')
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
const portBase = ['--port-base <port>', 'first of the ports that are used', whole, defaultPortBase] as const;
const verbose = ['--verbose', 'show every log line of every process', false] as const;

program
  .command('dev')
  .description('run Nightshift and the demo shop here, with nothing but Node, until Ctrl-C')
  .option(...portBase)
  .option(...verbose)
  .option('--no-open', 'do not open a browser')
  .action(ends((options: { portBase: number; verbose: boolean; open: boolean }) => dev(options)));
program
  .command('demo')
  .description('start, break the shop in one way, and follow what becomes of it')
  .requiredOption('--scenario <name>', `one of ${scenarioNames.join(', ')}`)
  .option('--exit', 'on free ports and in a folder of its own; stop afterwards', false)
  .option('--json', 'one line of JSON on stdout', false)
  .option(...portBase)
  .option(...verbose)
  .action(
    ends((options: { scenario: string; exit: boolean; json: boolean; portBase: number; verbose: boolean }) =>
      demo(options),
    ),
  );
program
  .command('fault')
  .description('break the shop of the Nightshift that runs here; `undo` mends all')
  .argument('<scenario>', `one of ${scenarioNames.join(', ')}, undo`)
  .action(ends((scenario: string) => fault(scenario)));
program
  .command('doctor')
  .description('look at everything that Nightshift needs on this machine')
  .option(...portBase)
  .action(ends((options: { portBase: number }) => doctor(options)));
program
  .command('config')
  .description('list every environment variable of every service')
  .option('--json', 'as JSON', false)
  .action(ends((options: { json: boolean }) => config(options)));
program
  .command('migrate')
  .description('bring the schema of DATABASE_URL and QUEUE_URL up to date')
  .action(ends(() => migrateAll()));

const token = program.command('token').description('tokens that may push samples and deployments');
token
  .command('create')
  .argument('<name>', 'who will use it')
  .option('--days <n>', 'ends after so many days', whole)
  .action(ends((name: string, options: { days?: number }) => createIngestToken(name, options)));
token.command('list').action(ends(() => listIngestTokens()));
token
  .command('revoke')
  .argument('<id>', 'as `token list` shows it', whole)
  .action(ends((id: number) => revokeIngestToken(id)));

await program.parseAsync();
