import { CheckStatus, Facts, type CustomCheck } from '@nightshift/types';
import { z } from 'zod';
import { referenced, unknown, type Check, type CheckContext, type Finding, type SubjectOf } from '../../check.ts';
import { runAllowed } from '../../command.ts';
import { get } from '../../http.ts';

/** What a check of one's own answers as JSON. */
const Answer = z.object({
  status: CheckStatus,
  facts: Facts.default({}),
  output: z.string().default(''),
});

/** https://nagios-plugins.org/doc/guidelines.html#AEN78 */
const exitCodes = ['ok', 'degraded', 'down', 'unknown'] as const;

/** Checks that a service brings itself: a GET, or an allowed command. */
export const custom: Check<SubjectOf<'custom'>> = {
  id: 'custom',
  appliesTo: (subject) => subject.kind === 'custom',
  run: (context) => (context.subject.custom.command ? fromCommand(context) : fromHttp(context)),
};

type Context = CheckContext<SubjectOf<'custom'>>;

async function fromHttp(context: Context): Promise<Finding> {
  const { urlEnv, tokenEnv } = context.subject.custom;
  const url = referenced(context, urlEnv!);
  if (!URL.canParse(url)) return unknown(`the value of ${urlEnv} is not an address`);
  const token = tokenEnv && referenced(context, tokenEnv);
  const { status, text } = await get(new URL(url), { signal: context.signal, token });
  if (status !== 200) return unknown(`it answered ${status}, not 200`);
  return fromJson(text, context.subject.custom) ?? unknown('its answer is not {"status", "facts", "output"} as JSON');
}

async function fromCommand(context: Context): Promise<Finding> {
  const { subject } = context;
  const { command, ssh } = subject.custom;
  const { exitCode, stdout, stderr, truncated } = await runAllowed(context, command!, ssh);
  if (truncated) return unknown('it printed more than a mebibyte and was stopped');
  const answer = fromJson(stdout, subject.custom);
  if (answer && exitCode === 0) return answer;
  const status = exitCode === null ? undefined : exitCodes[exitCode];
  if (!status) return unknown(`it ended with ${exitCode ?? 'a signal'}: ${(stderr || stdout).slice(0, 500)}`);
  const [words = '', performance = ''] = stdout.split('|');
  return { status, facts: typed(performanceData(performance), subject.custom), output: words.trim() };
}

function fromJson(text: string, check: CustomCheck): Finding | null {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = Answer.safeParse(content);
  return parsed.success ? { ...parsed.data, facts: typed(parsed.data.facts, check) } : null;
}

/** A declared fact of another type is not known, rather than taken for what it is not. */
function typed(facts: Facts, check: CustomCheck): Facts {
  return Object.fromEntries(
    Object.entries(check.facts).map(([name, type]) => {
      const value = Object.hasOwn(facts, name) ? facts[name]! : null;
      return [name, typeof value === type ? value : null];
    }),
  );
}

/** `'label'=value[unit];warn;crit;min;max` ... as numbers; https://nagios-plugins.org/doc/guidelines.html#AEN200 */
function performanceData(text: string): Facts {
  const pairs = [...text.matchAll(/(?:'([^']+)'|([^\s=']+))=(-?[\d.]+)/g)];
  return Object.fromEntries(pairs.map(([, quoted, plain, value]) => [quoted ?? plain!, Number(value)]));
}
