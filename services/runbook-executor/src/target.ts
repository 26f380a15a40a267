import { beyondInstances, type Refusal } from '@nightshift/runbooks';
import { ExactName, type ActionType, type Catalogue, type PlannedAction, type Target } from '@nightshift/types';

/** A target together with the service that it belongs to. */
export type Owned = { target: Target; service: string };
export type Resolved = ({ ok: true } & Owned) | { ok: false; reason: string };

/**
 * The one target that a step acts on: the one it names, among those of the incident's service and of what that depends on; or, where
 * it names none, the one target of the incident's own service that allows the action. None, several or a forbidden one: a reason.
 */
export function resolveTarget(catalogue: Catalogue, service: string, action: ActionType, named?: string): Resolved {
  const entry = catalogue.services.find((candidate) => candidate.name === service);
  if (!entry) return no(`the service ${service} is not in the catalogue`);
  const own = entry.targets.map((target) => ({ target, service }));
  if (named === undefined) {
    const allowing = own.filter(({ target }) => target.actions.includes(action));
    if (allowing.length === 0) return no(`no target of ${service} allows ${action}`);
    if (allowing.length > 1) {
      return no(
        `several targets of ${service} allow ${action} (${allowing.map(({ target }) => target.id).join(', ')}): the runbook must name one`,
      );
    }
    return { ok: true, ...allowing[0]! };
  }
  // The file's schema refuses these too. An empty or wildcard target has meant "all" in outages, so it is refused where it counts as well.
  if (!ExactName.safeParse(named).success) return no(`"${named}" does not name exactly one target`);
  const near = catalogue.services
    .filter((candidate) => candidate.name === service || entry.dependsOn.includes(candidate.name))
    .flatMap((candidate) => candidate.targets.map((target) => ({ target, service: candidate.name })));
  const found = near.find(({ target }) => target.id === named);
  if (!found) return no(`neither ${service} nor a service it depends on has a target "${named}"`);
  if (!found.target.actions.includes(action)) return no(`the catalogue does not allow ${action} on ${named}`);
  return { ok: true, ...found };
}

/** The target of a planned action as the catalogue has it now, or why it may no longer be touched. */
export function findTarget(
  catalogue: Catalogue,
  planned: { target: string; type: ActionType; provider: string },
): Resolved {
  for (const service of catalogue.services) {
    const target = service.targets.find((candidate) => candidate.id === planned.target);
    if (!target) continue;
    if (!target.actions.includes(planned.type))
      return no(`the catalogue no longer allows ${planned.type} on ${planned.target}`);
    if (target.kind !== planned.provider)
      return no(`${planned.target} is a ${target.kind} now, the plan was made for ${planned.provider}`);
    return { ok: true, target, service: service.name };
  }
  return no(`${planned.target} is no longer in the catalogue`);
}

/** Where a planned action's target is, or null where the catalogue does not say. */
export function locationOf(catalogue: Catalogue, planned: PlannedAction): string | null {
  const found = findTarget(catalogue, planned);
  return found.ok ? (found.target.location ?? null) : null;
}

/** Why the catalogue as it is now forbids what was planned, or null. */
export function targetRefusal(
  catalogue: Catalogue,
  { planned, service }: { planned: PlannedAction; service: string },
): Refusal | null {
  const no = (detail: string) => ({ reason: 'catalogue', detail });
  const found = findTarget(catalogue, planned);
  if (!found.ok) return no(found.reason);
  if (found.service !== service)
    return no(`${planned.target} is of ${found.service} now, the plan was made for ${service}`);
  const crowded = beyondInstances(found.target, planned.params);
  return crowded === null ? null : { reason: 'instances', detail: crowded };
}

const no = (reason: string): Resolved => ({ ok: false, reason });
