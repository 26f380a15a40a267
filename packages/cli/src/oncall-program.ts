import { InvalidArgumentError, type Command } from 'commander';
import type { ImportOptions, SwapOptions, TakeOverOptions } from './commands/oncall-overrides.ts';
import type { NextOptions } from './commands/oncall.ts';
import { spanMs } from './span.ts';

type Ends = <Args extends unknown[]>(command: (...args: Args) => Promise<number>) => (...args: Args) => Promise<void>;
type Answer = { by?: string; json: boolean };

const days = (text: string) => {
  const number = Number(text);
  if (!/^\d{1,3}$/.test(text) || number < 1 || number > 400)
    throw new InvalidArgumentError('It must be from 1 to 400.');
  return number;
};
const exchange = (text: string) => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a number, as `oncall list` shows it.');
  return Number(text);
};
const moment = (text: string) => {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError('It must be a time with its zone, such as 2026-01-05T09:00Z.');
  return at;
};

/** `nightshift oncall ...`: who is on duty, and who stands in for whom. */
export function addOnCall(program: Command, ends: Ends) {
  const plan = () => import('./commands/oncall.ts');
  const overrides = () => import('./commands/oncall-overrides.ts');
  const oncall = program
    .command('oncall')
    .description('who is on duty when, who stands in for whom, and what is wrong with the plan');
  const json = ['--json', 'as JSON', false] as const;
  const by = ['--by <person>', 'who you are (default: the name you are logged in by)'] as const;
  const from = ['--from <time>', 'when it begins, by the clock of the schedule: 2026-01-05T18:00'] as const;
  const lasts = ['--for <span>', 'how long: 12h, 7d', spanMs] as const;
  const reason = ['--reason <text>', 'why'] as const;

  oncall
    .command('who')
    .description('who is on duty now')
    .argument('[schedule]', 'one schedule instead of all')
    .option('--at <time>', 'at another time, with its zone: 2026-01-05T09:00Z', moment)
    .option(...json)
    .action(
      ends(async (id: string | undefined, options: { at?: number; json: boolean }) => (await plan()).who(id, options)),
    );
  oncall
    .command('next')
    .description('the shifts to come')
    .argument('[schedule]', 'one schedule instead of all')
    .option('--days <n>', 'of so many days', days, 14)
    .option('--person <id>', 'only those of one person')
    .option(...json)
    .action(ends(async (id: string | undefined, options: NextOptions) => (await plan()).next(id, options)));
  oncall
    .command('check')
    .description(
      'gaps, people whom nothing wakes, unfair loads, policies that end nowhere; ends with 1 where a page could come to nobody',
    )
    .option('--days <n>', 'within so many days', days, 28)
    .option(...json)
    .action(ends(async (options: { days: number; json: boolean }) => (await plan()).check(options)));
  oncall
    .command('take-over')
    .description('put somebody on duty for a while; whoever does not ask themselves has to agree')
    .argument('<schedule>')
    .requiredOption('--person <id>', 'who shall be on duty')
    .option('--instead-of <id>', 'in the place of one person (default: of all)')
    .requiredOption(...from)
    .requiredOption(...lasts)
    .requiredOption(...reason)
    .option(...by)
    .option(...json)
    .addHelpText(
      'after',
      '\nExample: nightshift oncall take-over shop --person ada --by ada --from 2026-01-05T18:00 --for 12h --reason "concert"',
    )
    .action(
      ends(async (schedule: string, options: TakeOverOptions) => (await overrides()).takeOver(schedule, options)),
    );
  oncall
    .command('swap')
    .description('give a time of yours and take one of theirs: both or none, once the other agrees')
    .argument('<schedule>')
    .requiredOption('--by <person>', 'who you are')
    .requiredOption('--with <person>', 'the other')
    .requiredOption('--give <time>', 'when your time begins, by the clock of the schedule: 2026-01-05T09:00')
    .requiredOption('--take <time>', 'when theirs begins')
    .requiredOption(...lasts)
    .requiredOption(...reason)
    .option(...json)
    .addHelpText(
      'after',
      '\nExample: nightshift oncall swap shop --by ada --with bo --give 2026-01-05T09:00 --take 2026-01-12T09:00 --for 7d --reason holidays',
    )
    .action(ends(async (schedule: string, options: SwapOptions) => (await overrides()).swap(schedule, options)));
  oncall
    .command('list')
    .description('overrides in force, to come, and waiting for an answer')
    .option(...json)
    .action(ends(async (options: { json: boolean }) => (await overrides()).list(options)));
  oncall
    .command('import')
    .description('take the events of an iCalendar file as overrides; again, when it has changed')
    .argument('<schedule>')
    .argument('<file>', 'an .ics file; events name a person in their summary or attendees')
    .option('--days <n>', 'those of so many days', days, 90)
    .option(...by)
    .option(...json)
    .addHelpText('after', '\nExample: nightshift oncall import shop team.ics --days 60')
    .action(
      ends(async (schedule: string, file: string, options: ImportOptions) =>
        (await overrides()).importCalendar(schedule, file, options),
      ),
    );
  oncall
    .command('calendar')
    .description('the shifts to come as an iCalendar file')
    .argument('<schedule>')
    .option('--days <n>', 'of so many days', days, 60)
    .addHelpText('after', '\nExample: nightshift oncall calendar shop > shop.ics')
    .action(ends(async (schedule: string, options: { days: number }) => (await plan()).calendar(schedule, options)));
  for (const [name, agree, description] of [
    ['agree', true, 'agree to what you were asked'],
    ['decline', false, 'decline it'],
  ] as const)
    oncall
      .command(name)
      .description(description)
      .argument('<id>', 'as `oncall list` shows it', exchange)
      .option(...by)
      .option(...json)
      .action(ends(async (id: number, options: Answer) => (await overrides()).answer(id, agree, options)));
  oncall
    .command('end')
    .description('end an override or an exchange now')
    .argument('<id>', 'as `oncall list` shows it', exchange)
    .option(...by)
    .option(...json)
    .action(ends(async (id: number, options: Answer) => (await overrides()).end(id, options)));
}
