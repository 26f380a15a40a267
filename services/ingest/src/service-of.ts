import { watchCatalogue, type Deps } from '@nightshift/runtime';
import { compileSelectors, type Catalogue, type Labels } from '@nightshift/types';

/** Whose a series or an alert is. */
export type ServiceOf = (labels: Labels) => string;

/** What the labels say by themselves: the label `service`, else what Prometheus calls the `job`. */
export const labelledService: ServiceOf = (labels) => labels['service'] || labels['job'] || 'unknown';

/**
 * Asks the selectors of the catalogue first, as they are at the time. A series keeps the service it was registered with, so this
 * costs once per new series. Without a readable catalogue the labels alone decide.
 */
export async function followSelectors({ common, log }: Pick<Deps, 'common' | 'log'>) {
  const none: Catalogue = { schema: 1, services: [] };
  const watched = await watchCatalogue(common.NIGHTSHIFT_CONFIG_DIR, log, { orElse: none });
  let compiledFrom = none;
  let select = compileSelectors([]);
  const serviceOf: ServiceOf = (labels) => {
    const catalogue = watched.current();
    if (catalogue !== compiledFrom) {
      select = compileSelectors(catalogue.services);
      compiledFrom = catalogue;
    }
    return select(labels) ?? labelledService(labels);
  };
  return { serviceOf, close: () => watched.close() };
}
