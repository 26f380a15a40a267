import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { watchYaml, type Deps } from '@nightshift/runtime';
import { Catalogue } from '@nightshift/types';

/** How services depend on each other, by the catalogue: directly and through others, the nearest first, each once. */
export type Dependencies = {
  of(service: string): readonly string[];
  /** Who depends on it, in no order. */
  dependants(service: string): readonly string[];
};

export function dependenciesOf(catalogue: Catalogue): Dependencies {
  const direct = new Map(catalogue.services.map(({ name, dependsOn }) => [name, dependsOn]));
  const known = new Map<string, readonly string[]>();
  const of = (service: string) => {
    let found = known.get(service);
    if (!found) {
      const reached = new Set<string>(direct.get(service) ?? []);
      // A set grows while it is walked: nearest first, and a circle ends.
      for (const each of reached) for (const next of direct.get(each) ?? []) reached.add(next);
      reached.delete(service);
      known.set(service, (found = [...reached]));
    }
    return found;
  };
  return { of, dependants: (service) => [...direct.keys()].filter((each) => of(each).includes(service)) };
}

/** Follows the catalogue. Without one, or with one that cannot be read, services stand alone: detection goes on. */
export async function followCatalogue({ common, log }: Deps) {
  const file = join(common.NIGHTSHIFT_CONFIG_DIR, 'catalogue.yaml');
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  const watched = exists
    ? await watchYaml(file, Catalogue, log).catch((err: unknown) => {
        log.error({ err, file }, 'the catalogue cannot be read: no service is known to depend on another');
        return null;
      })
    : null;
  const none: Catalogue = { schema: 1, services: [] };
  let [knownBy, dependencies] = [none, dependenciesOf(none)];
  return {
    dependencies: () => {
      const present = watched?.current() ?? none;
      if (present !== knownBy) [knownBy, dependencies] = [present, dependenciesOf(present)];
      return dependencies;
    },
    close: async () => watched?.close(),
  };
}
