import { openDb } from '@nightshift/db';
import { redactText } from '@nightshift/runtime';
import { openMachines } from '@nightshift/ssh';
import type { Catalogue, DiagnosticResult, Incident } from '@nightshift/types';
import type { Subject } from './check.ts';
import { checks } from './checks/index.ts';
import { openDatabases } from './databases.ts';
import { runChecks } from './run-checks.ts';

/** What was found out about one target: whether it can be looked at as we are, and what to do where not. */
export type Examined = {
  service: string;
  target: string;
  kind: string;
  ok: boolean;
  found: string;
  todo: string | null;
};

export type ExamineOptions = {
  catalogue: Catalogue;
  /** Addresses and secrets that the catalogue names. */
  env: Record<string, string | undefined>;
  /** Programs that may run here, and on machines reached over SSH. */
  commands: string[];
  commandsThere: string[];
  deadlineMs: number;
};

/**
 * Looks at every target of the catalogue with the checks that an incident would run, and changes nothing: reachable, with these
 * credentials, allowed to read. Trouble of the target itself is no fault of the set-up. At most 50 services at a time.
 */
export async function examineTargets({ catalogue, env, deadlineMs, ...options }: ExamineOptions): Promise<Examined[]> {
  const databases = openDatabases(() => {});
  // Opened on first use, so never: what targets are asked does not concern Nightshift's own database.
  const db = openDb({ url: 'postgres://127.0.0.1/none', name: 'nightshift doctor', max: 1 });
  const machines = openMachines();
  const [commands, commandsThere] = [new Set(options.commands), new Set(options.commandsThere)];
  const surroundings = { db, databases, machines, env, commands, commandsThere, suspectWindowMs: 0 };
  const examined: Examined[] = [];
  try {
    for (let i = 0; i < catalogue.services.length; i += servicesAtOnce) {
      const some = catalogue.services.slice(i, i + servicesAtOnce).map(async ({ name, targets, checks: own }) => {
        const subjects: Subject[] = [
          ...targets,
          ...own.map((custom) => ({ kind: 'custom' as const, id: name, custom })),
        ];
        const at = Date.now();
        const incident = { ...nothing, service: name, onsetAt: at, openedAt: at };
        const signal = new AbortController().signal;
        const results = await runChecks({
          checks,
          subjects,
          surroundings: { ...surroundings, incident, at },
          deadlineMs,
          signal,
        });
        return subjects.flatMap((subject) => verdict(name, subject, results) ?? []);
      });
      examined.push(...(await Promise.all(some)).flat());
    }
    return examined;
  } finally {
    machines.close();
    await Promise.all([databases.close(), db.close()]);
  }
}

const servicesAtOnce = 50;

const nothing: Incident = {
  id: 'doctor',
  fingerprint: 'doctor',
  service: '',
  title: 'nothing is wrong: the doctor looks',
  type: 'unknown',
  severity: 'warning',
  state: 'diagnosing',
  version: 1,
  generation: 1,
  decisions: 0,
  reopens: 0,
  onsetAt: 0,
  openedAt: 0,
  actedAt: null,
  resolvedAt: null,
  deadlineAt: null,
  resolution: null,
  acknowledgedBy: null,
  acknowledgedAt: null,
  runbook: null,
};

/** Null: nobody looks at targets of this kind; they are only acted upon. */
function verdict(service: string, subject: Subject, all: DiagnosticResult[]): Examined | null {
  const id = subject.kind === 'custom' ? `custom.${subject.custom.id}` : subject.id;
  const results = all.filter(({ check, target }) => (subject.kind === 'custom' ? check === id : target === id));
  if (results.length === 0) return null;
  const blind = results.find(({ status }) => status === 'unknown') ?? results.find(({ status }) => status === 'down');
  const common = { service, target: id, kind: subject.kind };
  const first = results[0]!;
  if (!blind) return { ...common, ok: true, found: firstLine(first.output), todo: null };
  return { ...common, ok: false, found: firstLine(blind.output), todo: todo(blind.output, subject) };
}

const firstLine = (text: string) => redactText(text.split('\n')[0]!.slice(0, 300));

/** The variable that says where a target is. */
function variableOf(subject: Subject): string {
  const names: Record<string, unknown> = { ...(subject.kind === 'custom' ? subject.custom : subject) };
  const name = names['urlEnv'] ?? names['pathEnv'] ?? names['kubeconfigEnv'];
  return typeof name === 'string' ? name : `the entry ${subject.id} of the catalogue`;
}

const remedies: [RegExp, (variable: string) => string][] = [
  [/is not set where/, (variable) => `set ${variable} where diagnostics runs, or correct its name in the catalogue`],
  [/GRANT pg_monitor/, () => 'GRANT pg_monitor to the role of the address'],
  ...['DIAGNOSTIC_COMMANDS', 'DIAGNOSTIC_SSH_COMMANDS'].map((name): (typeof remedies)[number] => [
    new RegExp(`not allowed here: add it to ${name} `),
    () => `add the program to ${name} where diagnostics runs, if it may run`,
  ]),
  [
    /another host key|has no host key|revokes/,
    () => 'make sure that it is the right machine, then correct hostKey or the known_hosts file',
  ],
  [/which names the key file, is not set/, () => 'set the variable named where diagnostics runs'],
  [/does not let .* in with this key/, () => 'add the public key to authorized_keys of that user there'],
  [
    /password|authentication|WRONGPASS|NOAUTH|28P01|28000|\(401\)/i,
    (variable) => `correct user and password in ${variable}`,
  ],
  [
    /NOPERM|\(403\)|may not (look|read)|EACCES|permission denied/i,
    () => 'give our role the right to read, as the text says',
  ],
  [/ENOTFOUND|EAI_AGAIN/, (variable) => `correct the host name in ${variable}, or the name servers of this machine`],
  [/ENOENT/, (variable) => `correct the path in ${variable}, or mount it here`],
  [/is a private address/, () => 'add "allowPrivate: true" to the target, if it belongs there'],
  [/ECONNREFUSED|no container|HTTP|GET /, (variable) => `start it, or correct the address in ${variable}`],
];

function todo(output: string, subject: Subject): string {
  const variable = variableOf(subject);
  const [, remedy] = remedies.find(([pattern]) => pattern.test(output)) ?? [];
  return remedy ? remedy(variable) : `look at ${variable}, and at the way from here to there`;
}
