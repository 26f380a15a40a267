import { now, type Db } from '@nightshift/db';
import { step, type StageHandler } from '@nightshift/lifecycle';
import {
  factChanges,
  type Catalogue,
  type DiagnosticResult,
  type IncidentEvent,
  type Service,
} from '@nightshift/types';
import type { Check, Dependency, Subject, Surroundings } from '../check.ts';
import { runChecks } from '../run-checks.ts';
import { resultsBefore, saveResults } from '../store.ts';

export type DiagnoseParts = Omit<Surroundings, 'incident' | 'at'> & {
  catalogue: () => Catalogue;
  checks: readonly Check[];
  deadlineMs: number;
  /** How long after an action the checks look again. */
  settleMs: number;
  observe?: (result: DiagnosticResult) => void;
};

const summaryChars = 200;

/**
 * Looks at the targets of the incident's service; results and the step `diagnosed` are committed together. After an action it looks
 * again, once that has had a moment to show, and the step is `rechecked`: what is different now.
 */
export const diagnose =
  (parts: DiagnoseParts): StageHandler =>
  async ({ incident, stage, generation, signal }) => {
    const { db, checks, deadlineMs } = parts;
    const at = await now(db);
    const again = incident.state === 'verifying' || incident.state === 'resolved';
    const settledAt = (incident.actedAt ?? 0) + parts.settleMs;
    if (again && at < settledAt) return { againMs: settledAt - at };
    const results = await runChecks({
      checks,
      subjects: subjectsOf(incident.service, parts.catalogue()),
      surroundings: { ...parts, incident, at },
      deadlineMs,
      signal,
    });
    signal.throwIfAborted(); // stopped half-way: the job comes again, rather than a diagnosis full of "unknown"
    for (const result of results) parts.observe?.(result);
    await step(db, incident.id, again ? await comparison(db, incident.id, generation, results) : diagnosis(results), {
      actor: 'diagnostics',
      job: { stage, generation },
      also: (tx) => saveResults(tx, incident.id, generation, results),
    });
    return 'done';
  };

const diagnosis = (results: DiagnosticResult[]): IncidentEvent => ({ kind: 'diagnosed', results: summaries(results) });

async function comparison(
  db: Db,
  incidentId: string,
  generation: number,
  results: DiagnosticResult[],
): Promise<IncidentEvent> {
  const before = await resultsBefore(db, incidentId, generation);
  return { kind: 'rechecked', results: summaries(results), changes: factChanges(before, results), generation };
}

const summaries = (results: DiagnosticResult[]) =>
  results.map(({ check, target, status, output }) => ({
    check,
    target,
    status,
    summary: output.slice(0, summaryChars),
  }));

/** What there is to look at: the service itself and, where the catalogue knows it, its targets. */
function subjectsOf(name: string, catalogue: Catalogue): Subject[] {
  const services = new Map(catalogue.services.map((each) => [each.name, each]));
  const service = services.get(name);
  const dependencies = service ? dependenciesOf(service, services) : [];
  return [
    { kind: 'service', id: name, inCatalogue: service !== undefined, dependencies },
    ...(service?.targets ?? []),
    ...(service?.checks ?? []).map((custom) => ({ kind: 'custom' as const, id: name, custom })),
  ];
}

const dependenciesLookedAt = 50;

/** What a service depends on, the nearest first. Services that depend on each other in a circle end it. */
function dependenciesOf(service: Service, services: Map<string, Service>): Dependency[] {
  const seen = new Set([service.name]);
  const found: Dependency[] = [];
  let ring = [service];
  for (let distance = 1; ring.length > 0 && found.length < dependenciesLookedAt; distance++) {
    const names = ring.flatMap((each) => each.dependsOn).filter((each) => !seen.has(each));
    for (const each of names) seen.add(each);
    ring = [...new Set(names)].flatMap((each) => services.get(each) ?? []);
    found.push(...ring.map((each) => ({ service: each, distance })));
  }
  return found.slice(0, dependenciesLookedAt);
}
