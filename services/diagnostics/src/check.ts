import type { Db } from '@nightshift/db';
import type { Machines } from '@nightshift/ssh';
import type {
  BuiltInCheck,
  CheckStatus,
  CustomCheck,
  Facts,
  FactsOf,
  Incident,
  Service,
  Target,
} from '@nightshift/types';
import type { Databases } from './databases.ts';

/** A service that another one depends on: 1 directly, 2 through another one, and so on. */
export type Dependency = { service: Service; distance: number };

/** What a check looks at: a catalogue target of the incident's service, the service itself, or a check that the service brings. */
export type Subject =
  | Target
  | { kind: 'custom'; id: string; custom: CustomCheck }
  | { kind: 'service'; id: string; inCatalogue: boolean; dependencies: Dependency[] };
export type SubjectOf<K extends Subject['kind']> = Extract<Subject, { kind: K }>;

/** What every check of one diagnosis shares. */
export type Surroundings = {
  incident: Incident;
  /** Database clock at the start of the diagnosis (epoch ms). */
  at: number;
  /** Nightshift's own database: deployments are in it. */
  db: Db;
  /** Pools to the databases that are looked at, one per address. */
  databases: Databases;
  /** Connections to other machines, one for each. */
  machines: Machines;
  /** Programs that checks may run on this machine, by their absolute paths. */
  commands: ReadonlySet<string>;
  /** The same for machines that are reached over SSH. */
  commandsThere: ReadonlySet<string>;
  /** Where `urlEnv` and its like are looked up. */
  env: Record<string, string | undefined>;
  /** How long before the onset a deployment may lie and still be suspect. */
  suspectWindowMs: number;
};

export type CheckContext<T extends Subject> = Surroundings & {
  subject: T;
  /** Aborts at the check's deadline: whatever the check has open must then be cut. */
  signal: AbortSignal;
};

/** What a check found out: facts that the check catalogue declares for it, and no others. */
export type Finding<C extends BuiltInCheck | 'any' = 'any'> = {
  status: CheckStatus;
  facts: C extends BuiltInCheck ? FactsOf<C> : Facts;
  output: string;
};

/**
 * One thing an engineer would look at. `run` throws, or answers `unknown`, when it could not find out; `down` is only for what was
 * seen to be down.
 */
export type Check<T extends Subject = Subject, C extends BuiltInCheck | 'any' = 'any'> = {
  id: C extends BuiltInCheck ? C : BuiltInCheck | 'custom';
  appliesTo(subject: Subject): subject is T;
  run(context: CheckContext<T>): Promise<Finding<C>>;
};

export const unknown = <F extends Facts>(output: string, facts?: F) => ({
  status: 'unknown' as const,
  facts: facts ?? ({} as F),
  output,
});

/** The value of an environment variable that a target names; throws in words that say where to set it. */
export function referenced(context: CheckContext<Subject>, name: string): string {
  const value = context.env[name];
  if (!value) {
    throw new Error(
      `environment variable ${name}, which target "${context.subject.id}" names, is not set where diagnostics runs`,
    );
  }
  return value;
}
