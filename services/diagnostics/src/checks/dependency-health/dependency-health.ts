import type { Check, CheckContext, Dependency, Finding, Subject, SubjectOf } from '../../check.ts';
import { httpProbe } from '../http-probe/http-probe.ts';
import { tcpProbe } from '../tcp-probe/tcp-probe.ts';

const probesAtMost = 20;

type Context = CheckContext<SubjectOf<'service'>>;
type Open = { service: string; onsetAt: number; title: string };
type Verdict = { dependency: Dependency; reason: string | null; earlier: boolean; known: boolean };

/** Whether what the service depends on is well: has it an incident of its own, and do its addresses answer? */
export const dependencyHealth: Check<SubjectOf<'service'>, 'dependency_health'> = {
  id: 'dependency_health',
  appliesTo: (subject) => subject.kind === 'service',
  async run(context) {
    const { dependencies } = context.subject;
    if (dependencies.length === 0) return judge([]);
    const names = dependencies.map(({ service }) => service.name);
    const open = await context.db.query<Open>(
      `SELECT service, onset_at AS "onsetAt", title FROM incident
        WHERE service = ANY ($1) AND state NOT IN ('resolved', 'closed') ORDER BY onset_at`,
      [names],
      context.signal,
    );
    const down = await probe(context);
    return judge(dependencies.map((dependency) => verdictOf(dependency, open, down, context.incident.onsetAt)));
  },
};

type Probed = Map<string, string | null>;

/** What each probed service's addresses say: null is well, text is what is wrong. Not there: not known. */
async function probe(context: Context): Promise<Probed> {
  const pairs = context.subject.dependencies.flatMap(({ service }) =>
    service.targets.map((target) => ({ name: service.name, target })),
  );
  const probes = pairs.filter(({ target }) => probeOf(target) !== null).slice(0, probesAtMost);
  const probed: Probed = new Map();
  await Promise.all(
    probes.map(async ({ name, target }) => {
      const finding = await probeOf(target)!(context).catch(() => null);
      context.signal.throwIfAborted();
      if (finding?.status === 'down') probed.set(name, `${target.id}: ${finding.output}`);
      else if (finding && finding.status !== 'unknown' && !probed.has(name)) probed.set(name, null);
    }),
  );
  return probed;
}

function probeOf(target: Subject): ((context: Context) => Promise<Finding>) | null {
  if (httpProbe.appliesTo(target)) return (context) => httpProbe.run({ ...context, subject: target });
  if (tcpProbe.appliesTo(target)) return (context) => tcpProbe.run({ ...context, subject: target });
  return null;
}

function verdictOf(dependency: Dependency, open: Open[], probed: Probed, onsetAt: number): Verdict {
  const incident = open.find(({ service }) => service === dependency.service.name);
  const down = probed.get(dependency.service.name);
  return {
    dependency,
    reason: incident ? `incident: ${incident.title}` : (down ?? null),
    earlier: incident !== undefined && incident.onsetAt < onsetAt,
    // Without an address that answers, "no incident" may only mean that nobody watches it.
    known: incident !== undefined || down !== undefined,
  };
}

function judge(verdicts: Verdict[]): Finding<'dependency_health'> {
  const unhealthy = verdicts.filter(({ reason }) => reason !== null);
  const [first] = unhealthy;
  const facts = {
    dependencies: verdicts.length,
    unhealthy: unhealthy.length,
    unknown: verdicts.filter(({ known }) => !known).length,
    firstUnhealthy: first?.dependency.service.name ?? null,
    earlierThanUs: unhealthy.some(({ earlier }) => earlier),
  };
  if (verdicts.length === 0) return { status: 'ok', facts, output: 'the catalogue names no dependencies' };
  const rest = `${verdicts.length} dependencies, ${facts.unknown} of them not watched and without an address to ask`;
  if (!first) return { status: 'ok', facts, output: `no trouble known of ${rest}` };
  const list = unhealthy
    .slice(0, 5)
    .map(
      ({ dependency, reason, earlier }) =>
        `${dependency.service.name} (${reason}${earlier ? ', which began earlier' : ''})`,
    );
  return { status: 'degraded', facts, output: `in trouble: ${list.join('; ')}; ${rest}` };
}
