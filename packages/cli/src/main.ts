import type { TokenScope } from '@nightshift/runtime';
import type { RunbookMode, SchemaName } from '@nightshift/types';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { BacktestOptions } from './commands/backtest.ts';
import type { DemoOptions } from './commands/demo.ts';
import type { DevOptions } from './commands/dev.ts';
import type { DoctorOptions } from './commands/doctor.ts';
import type { FreezeOptions } from './commands/freezes.ts';
import type { SwitchOptions } from './commands/kill-switch.ts';
import type { SeriesOptions } from './commands/series.ts';
import type { AddOptions } from './commands/silences.ts';
import type { CreateOptions, LimitOptions } from './commands/token.ts';
import type { TuneOptions } from './commands/tune.ts';
import type { WhyNotOptions } from './commands/why-not.ts';
import { exitCodeOf, explain } from './exit.ts';
import { addOnCall } from './oncall-program.ts';
import { defaultPortBase } from './ports.ts';
import { scenarioNames } from './scenario.ts';
import { spanMs } from './span.ts';

const whole = (text: string) => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
};
const upTo = (most: number) => (text: string) => {
  const number = whole(text);
  if (number < 1 || number > most) throw new InvalidArgumentError(`It must be from 1 to ${most}.`);
  return number;
};
const tokenScopes: TokenScope[] = ['ingest', 'samples', 'alerts', 'changes'];
const wholeOrDefault = (text: string) => (text === 'default' ? text : whole(text));
const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const duration = (text: string) => {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('It must be a number and s, m, h or d, such as 6h.');
  return Number(number) * unitMs[unit as keyof typeof unitMs];
};
/** Runs a command, whose code is loaded only now, and ends with its exit code. */
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

const example = (...lines: string[]) => `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;

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
  .action(ends(async (options: DevOptions) => (await import('./commands/dev.ts')).dev(options)));
program
  .command('demo')
  .description('start, break the shop in one way, and follow what becomes of it')
  .requiredOption('--scenario <name>', `one of ${scenarioNames.join(', ')}`)
  .option('--exit', 'on free ports and in a folder of its own; stop afterwards', false)
  .option('--json', 'one line of JSON on stdout', false)
  .option(...portBase)
  .option(...verbose)
  .action(ends(async (options: DemoOptions) => (await import('./commands/demo.ts')).demo(options)));
program
  .command('fault')
  .description('break the shop of the Nightshift that runs here; `undo` mends all')
  .argument('<scenario>', `one of ${scenarioNames.join(', ')}, undo`)
  .action(ends(async (scenario: string) => (await import('./commands/fault.ts')).fault(scenario)));
program
  .command('doctor')
  .description(
    'look at everything that Nightshift needs: this machine, and every target of the catalogue; changes nothing',
  )
  .option(...portBase)
  .option('--targets', 'only the targets of the catalogue', false)
  .option('--json', 'as JSON', false)
  .addHelpText('after', example('nightshift doctor', 'NIGHTSHIFT_CONFIG_DIR=config nightshift doctor --targets --json'))
  .action(ends(async (options: DoctorOptions) => (await import('./commands/doctor.ts')).doctor(options)));
program
  .command('schema')
  .description('print the JSON Schema of a configuration file, for editors')
  .addArgument(
    new Argument('<file>', 'which file').choices([
      'catalogue',
      'runbook',
      'classification',
      'detection',
      'oncall',
      'freezes',
    ] satisfies SchemaName[]),
  )
  .addHelpText('after', example('nightshift schema catalogue > catalogue.schema.json'))
  .action(ends(async (name: SchemaName) => (await import('./commands/schema.ts')).schema(name)));
program
  .command('backtest')
  .description('replay recorded samples: what Nightshift would have said of them, and what changed rules would change')
  .argument('[folder]', 'CSV files (timestamp,value[,label]; .csv.gz too), or one of them')
  .option('--stored', 'the samples that the detector has recorded, instead of files', false)
  .option('--since <duration>', 'of those, only of this time: 90m, 6h, 2d', duration)
  .option('--service <name>', 'of those, only of this service')
  .option('--rules <file>', 'a changed detection.yaml; what it gains and loses is told')
  .option('--against <file>', 'compare with this one instead of the present settings')
  .option('--report <file>', 'write a page with a picture of each series (HTML)')
  .option('--scores <dir>', 'write the score of every row instead, under the same relative paths')
  .addOption(new Option('--detector <name>', 'which detector').choices(['adaptive', 'zscore']))
  .option('--json', 'the result as JSON', false)
  .addHelpText(
    'after',
    example(
      'nightshift backtest samples/                                  which incidents would have opened',
      'nightshift backtest samples/ --rules changed.yaml             which are gained and lost',
      'nightshift backtest samples/ --report report.html             with pictures',
      'nightshift backtest --stored --since 6h --rules changed.yaml  the same of what was recorded here',
      'nightshift backtest --scores scores/ samples/                 a score for every row',
    ),
  )
  .action(
    ends(async (folder: string | undefined, options: BacktestOptions) =>
      (await import('./commands/backtest.ts')).backtest(folder, options),
    ),
  );
program
  .command('tune')
  .description('what people called false positives, turned into a sensitivity for each rule; you apply it')
  .option('--days <n>', 'of so many days', whole, 30)
  .option('--rules <file>', 'under this detection.yaml instead of the present settings')
  .option('--json', 'the result as JSON', false)
  .addHelpText('after', example('nightshift tune', 'nightshift tune --days 90 --json'))
  .action(ends(async (options: TuneOptions) => (await import('./commands/tune.ts')).tune(options)));
program
  .command('incidents')
  .description('incidents that were')
  .command('export')
  .description('write the samples that are kept of one as a CSV file, which backtest reads')
  .argument('[id]', 'as the console shows it; the newest without')
  .option('--out <file>', 'instead of stdout')
  .addHelpText(
    'after',
    example('nightshift incidents export inc_x --out night.csv', 'nightshift backtest night.csv --rules changed.yaml'),
  )
  .action(
    ends(async (id: string | undefined, options: { out?: string }) =>
      (await import('./commands/incidents.ts')).exportIncident(id, options),
    ),
  );
program
  .command('config')
  .description('list every environment variable of every service')
  .option('--json', 'as JSON', false)
  .action(ends(async (options: { json: boolean }) => (await import('./commands/config.ts')).config(options)));
program
  .command('migrate')
  .description('bring the schema of DATABASE_URL and QUEUE_URL up to date')
  .action(ends(async () => (await import('./commands/migrate.ts')).migrateAll()));

program
  .command('series')
  .description(
    'show what arrives: how many series each service has; with --service or --name their last value and state',
  )
  .option('--service <service>', 'of this service')
  .option('--name <part>', 'with this in their name')
  .option('--after <id>', 'the page after this id', whole, 0)
  .option('--limit <n>', 'at most so many, up to 200', upTo(200), 50)
  .option('--json', 'as JSON', false)
  .addHelpText('after', '\nExample: nightshift series --service node --name cpu')
  .action(ends(async (options: SeriesOptions) => (await import('./commands/series.ts')).series(options)));
const silencing = () => import('./commands/silences.ts');
const collect = (text: string, before: string[]) => [...before, text];
const by = ['--by <name>', 'who you are (default: the name you are logged in by)'] as const;
const silences = program.command('silences').description('what opens no incident for a while: maintenance, or noise');
silences
  .command('add')
  .description('hold signals; those that still fire when it ends count again')
  .option('--service <name>', 'of a service; a `*` at the end stands for the rest')
  .option('--metric <name>', 'of a metric, or an alert by its name')
  .option('--label <name=value>', 'with this label; may be repeated', collect, [])
  .requiredOption('--for <span>', 'how long: 30m, 2h, 7d; at most 30d', spanMs)
  .addOption(new Option('--in <span>', 'begin after so long').argParser(spanMs).default(0, 'at once'))
  .requiredOption('--reason <text>', 'why')
  .option(...by)
  .option('--json', 'as JSON', false)
  .addHelpText('after', '\nExample: nightshift silences add --service checkout --for 2h --reason "database upgrade"')
  .action(ends(async (options: AddOptions) => (await silencing()).addSilence(options)));
silences
  .command('list')
  .description('those to come, in force, and over lately')
  .addOption(new Option('--since <span>', 'over for no longer than this').argParser(spanMs).default(86_400_000, '1d'))
  .option('--json', 'as JSON', false)
  .action(ends(async (options: { json: boolean; since: number }) => (await silencing()).listSilences(options)));
silences
  .command('end')
  .argument('<id>', 'as `silences list` shows it', whole)
  .option(...by)
  .action(ends(async (id: number, options: { by?: string }) => (await silencing()).endSilence(id, options)));
program
  .command('kill-switch')
  .description('stop all actions everywhere at once, let them go on, or say how it stands')
  .addArgument(new Argument('[to]', 'on: stop; off: let go on; without: only say').choices(['on', 'off']))
  .option('--reason <text>', 'why; wanted for a change')
  .option(...by)
  .option('--json', 'as JSON', false)
  .addHelpText(
    'after',
    example('nightshift kill-switch', 'nightshift kill-switch on --reason "it restarts the wrong thing"'),
  )
  .action(
    ends(async (to: 'on' | 'off' | undefined, options: SwitchOptions) =>
      (await import('./commands/kill-switch.ts')).killSwitch(to, options),
    ),
  );
program
  .command('breaker')
  .description('say how the breaker stands, which stops all actions when too many services are sick; or close it')
  .addArgument(new Argument('[to]', 'close: let actions go on').choices(['close']))
  .option('--reason <text>', 'why; wanted to close it')
  .option(...by)
  .option('--json', 'as JSON', false)
  .addHelpText('after', example('nightshift breaker', 'nightshift breaker close --reason "the network is back"'))
  .action(
    ends(async (to: 'close' | undefined, options: SwitchOptions) =>
      (await import('./commands/breaker.ts')).breaker(to, options),
    ),
  );
const auditing = () => import('./commands/audit.ts');
const audit = program
  .command('audit')
  .description('who changed what: actions, approvals, switches, freezes, modes, configuration');
audit
  .command('verify')
  .description('walk the chain of the log; exit code 1 and the first broken link where it was tampered with')
  .option('--head <hash>', 'a head that was noted earlier and must still be in it')
  .option('--json', 'as JSON', false)
  .addHelpText('after', example('nightshift audit verify', 'nightshift audit verify --json'))
  .action(ends(async (options: { head?: string; json: boolean }) => (await auditing()).verify(options)));
audit
  .command('list')
  .description('entries, the latest first')
  .option('--kind <table>', 'only of one kind: action, approval, decision, setting, change_freeze, silence, ...')
  .option('--subject <id>', 'only of one action, approval, setting, ...')
  .option('--limit <n>', 'at most so many, up to 1000', upTo(1_000), 50)
  .option('--json', 'as JSON', false)
  .addHelpText('after', example('nightshift audit list --kind setting --limit 10'))
  .action(
    ends(async (options: { kind?: string; subject?: string; limit: number; json: boolean }) =>
      (await auditing()).list(options),
    ),
  );
const freezing = () => import('./commands/freezes.ts');
const freeze = program.command('freeze').description('when nothing is done to a service, or to anything');
freeze
  .command('add')
  .description('deny every action from now on, for a while; detection, diagnosis and paging go on')
  .option('--service <name>', 'only those on this service')
  .requiredOption('--for <span>', 'how long: 30m, 2h, 7d; at most 30d', spanMs)
  .addOption(new Option('--in <span>', 'begin after so long').argParser(spanMs).default(0, 'at once'))
  .requiredOption('--reason <text>', 'why')
  .option(...by)
  .option('--json', 'as JSON', false)
  .addHelpText('after', example('nightshift freeze add --service checkout --for 2h --reason "schema migration"'))
  .action(ends(async (options: FreezeOptions) => (await freezing()).addFreeze(options)));
freeze
  .command('list')
  .description('what is frozen now, by freezes.yaml too, and declared freezes to come and over lately')
  .addOption(new Option('--since <span>', 'over for no longer than this').argParser(spanMs).default(86_400_000, '1d'))
  .option('--json', 'as JSON', false)
  .action(ends(async (options: { json: boolean; since: number }) => (await freezing()).showFreezes(options)));
freeze
  .command('end')
  .argument('<id>', 'as `freeze list` shows it', whole)
  .option(...by)
  .action(ends(async (id: number, options: { by?: string }) => (await freezing()).endFreeze(id, options)));
program
  .command('why-not')
  .description('why breaches opened no incident of their own')
  .option('--service <name>', 'of one service')
  .option('--metric <name>', 'of one metric')
  .addOption(new Option('--since <span>', 'of the last while: 30m, 1h, 7d').argParser(spanMs).default(3_600_000, '1h'))
  .option('--json', 'as JSON', false)
  .addHelpText('after', '\nExample: nightshift why-not --service checkout --since 24h')
  .action(ends(async (options: WhyNotOptions) => (await import('./commands/why-not.ts')).whyNot(options)));

program
  .command('queues')
  .description('queues of your services')
  .command('restore')
  .description('put the jobs that were moved aside from a queue back into it')
  .argument('<target>', 'a bullmq target of the catalogue, by its id')
  .option('--json', 'as JSON', false)
  .addHelpText('after', example('nightshift queues restore letters'))
  .action(
    ends(async (target: string, options: { json: boolean }) =>
      (await import('./commands/queues.ts')).restore(target, options),
    ),
  );

addOnCall(program, ends);

const tokens = () => import('./commands/token.ts');
const token = program.command('token').description('tokens that may push samples and deployments');
/** Options of what a token may; without one, or with `default`, it is what every token may. */
const limited = (command: Command) =>
  command
    .option('--samples-per-second <n>', 'most samples a second to one ingest process', wholeOrDefault)
    .option('--new-series-per-second <n>', 'most new series a second at one ingest process', wholeOrDefault)
    .option('--max-series <n>', 'most series that it registers', wholeOrDefault)
    .option('--labels-per-sample <n>', 'most labels of a new series', wholeOrDefault)
    .option('--body-bytes <n>', 'largest body in bytes, inflated', wholeOrDefault);
limited(token.command('create'))
  .argument('<name>', 'who will use it')
  .option('--days <n>', 'ends after so many days', whole)
  .addOption(new Option('--scope <scope...>', 'what it may push').choices(tokenScopes).default(['ingest']))
  .addHelpText(
    'after',
    '\nExample: nightshift token create my-prometheus --max-series 50000\n         nightshift token create ci --scope changes',
  )
  .action(ends(async (name: string, options: CreateOptions) => (await tokens()).createIngestToken(name, options)));
token
  .command('rotate')
  .description('make the token that replaces another: both are taken until the old one ends, and they are one sender')
  .argument('<id>', 'as `token list` shows it', whole)
  .option('--grace-hours <n>', 'how long the old one is still taken', whole, 24)
  .action(ends(async (id: number, options: { graceHours: number }) => (await tokens()).rotateIngestToken(id, options)));
limited(token.command('limit'))
  .description('change what the sender of a token may')
  .argument('<id>', 'as `token list` shows it', whole)
  .addHelpText('after', '\nExample: nightshift token limit 3 --max-series 500000 --samples-per-second default')
  .action(ends(async (id: number, options: LimitOptions) => (await tokens()).limitIngestToken(id, options)));
token
  .command('list')
  .option('--json', 'as JSON', false)
  .action(ends(async (options: { json: boolean }) => (await tokens()).listIngestTokens(options)));
token
  .command('revoke')
  .argument('<id>', 'as `token list` shows it', whole)
  .action(ends(async (id: number) => (await tokens()).revokeIngestToken(id)));

const runbooks = () => import('./commands/runbooks.ts');
const runbook = program.command('runbooks').description('runbooks: what is wrong with them, what they would do');
const asJson = ['--json', 'as JSON', false] as const;
runbook
  .command('lint')
  .description('say what is wrong with every runbook of a folder, and with classification.yaml, at its line and column')
  .argument('[folder]', 'default: RUNBOOKS_DIR, else the runbooks that ship')
  .option(...asJson)
  .addHelpText('after', example('nightshift runbooks lint', 'nightshift runbooks lint ./my-runbooks --json'))
  .action(
    ends(async (folder: string | undefined, options: { json: boolean }) => (await runbooks()).lint(folder, options)),
  );
runbook
  .command('plan')
  .description(
    'print what would be done for an incident: calls, limits, who would feel it, how to undo it; change nothing',
  )
  .argument('[incident]', 'its id, as the console shows it; default: the newest')
  .option('--runbook <id>', 'plan this one, whether it fits or not')
  .option(...asJson)
  .addHelpText(
    'after',
    example('nightshift runbooks plan inc-...', 'nightshift runbooks plan inc-... --runbook roll-back-bad-deploy'),
  )
  .action(
    ends(async (incident: string | undefined, options: { runbook?: string; json: boolean }) =>
      (await runbooks()).plan(incident, options),
    ),
  );
runbook
  .command('test')
  .description('choose again for recorded incidents: which runbook would match, and why not the others')
  .argument('[folder]', 'of runbooks; default: RUNBOOKS_DIR, else the runbooks that ship')
  .option('--recorded <folder>', 'of recorded incidents (*.json); default: recorded/ beside the runbooks')
  .option(...asJson)
  .addHelpText(
    'after',
    example('nightshift runbooks test', 'nightshift runbooks test ./my-runbooks --recorded ./my-incidents'),
  )
  .action(
    ends(async (folder: string | undefined, options: { recorded?: string; json: boolean }) =>
      (await runbooks()).test(folder, options),
    ),
  );
runbook
  .command('record')
  .description('print what was known of an incident when it was decided on, as a file for `runbooks test`')
  .argument('[incident]', 'its id; default: the newest')
  .addHelpText('after', example('nightshift runbooks record inc-... > my-runbooks/recorded/slow-checkout.json'))
  .action(ends(async (incident: string | undefined) => (await runbooks()).record(incident)));
const modes = () => import('./commands/runbook-modes.ts');
type Change = { service: string; to: RunbookMode; by?: string; reason?: string; json: boolean };
const mode = new Option('--to <mode>', 'the new mode').choices(['observe', 'approve', 'auto']).makeOptionMandatory();
runbook
  .command('modes')
  .description('list what each runbook may do for each service, how its uses went, and what that speaks for')
  .option(...asJson)
  .addHelpText('after', example('nightshift runbooks modes', 'nightshift runbooks modes --json'))
  .action(ends(async (options: { json: boolean }) => (await modes()).listModes(options)));
for (const [verb, words, to] of [
  ['promote', 'let a runbook do more for a service: observe -> approve -> auto, one at a time', 'auto'],
  ['demote', 'let a runbook do less for a service, until somebody promotes it', 'observe'],
] as const)
  runbook
    .command(verb)
    .description(words)
    .argument('<runbook>', 'its id')
    .requiredOption('--service <name>', 'for which service')
    .addOption(mode)
    .option('--by <name>', 'who decides; default: the user of this machine')
    .option('--reason <text>', 'kept with the decision; wanted where the evidence does not speak for it')
    .option(...asJson)
    .addHelpText('after', example(`nightshift runbooks ${verb} restart-crashed-service --service shop-api --to ${to}`))
    .action(ends(async (id: string, options: Change) => (await modes()).decideMode(verb, id, options)));
program
  .command('explain')
  .description(
    'tell the whole story of a decision: evidence, every runbook with the condition that failed, every limit',
  )
  .argument('[incident]', 'its id; default: the newest')
  .option(...asJson)
  .addHelpText('after', example('nightshift explain', 'nightshift explain inc-... --json'))
  .action(
    ends(async (incident: string | undefined, options: { json: boolean }) =>
      (await import('./commands/explain.ts')).explain(incident, options),
    ),
  );

await program.parseAsync();
