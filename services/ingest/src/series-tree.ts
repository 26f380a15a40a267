import type { Labels } from '@nightshift/types';

/**
 * Ids of series by name and labels, in the order in which their sender writes them. A tree of maps, name first, then one step per label:
 * its strings are hashed as they are, which takes a third of the time of building one key of them, and there is no way to
 * forge a key. Bounded: two generations, of which the older is dropped whole once the younger is full.
 */
export type SeriesTree = {
  /** The id that was put under exactly these, or undefined. Labels may be anything that JSON holds. */
  find(name: string, labels: Record<string, unknown>): number | undefined;
  put(name: string, labels: Labels, id: number): void;
  /** Steps held, some for several series; at most `maxSteps`, give or take one series. */
  size(): number;
};

/** What is known after some steps: the series that ends here (0: none), and where the next label leads. */
type Step = {
  id: number;
  /** The label that nearly always comes next, and its values. */
  label: string;
  values: Map<unknown, Step> | undefined;
  /** Other labels that came next. */
  others: Map<string, Map<unknown, Step>> | undefined;
};

type Generation = { names: Map<string, Step>; steps: number };

export function createSeriesTree(maxSteps: number): SeriesTree {
  const half = Math.max(1, Math.floor(maxSteps / 2));
  let young: Generation = { names: new Map(), steps: 0 };
  let old: Generation = { names: new Map(), steps: 0 };

  const put = (name: string, labels: Labels, id: number) => {
    if (young.steps >= half) [old, young] = [young, { names: new Map(), steps: 0 }];
    let step = stepFor(young, young.names, name);
    for (const label in labels) step = stepFor(young, valuesFor(step, label), labels[label]!);
    step.id = id;
  };

  return {
    put,
    find(name, labels) {
      const id = idIn(young, name, labels);
      if (id !== undefined) return id;
      const older = idIn(old, name, labels);
      if (older !== undefined) put(name, labels as Labels, older); // it was put as labels once
      return older;
    },
    size: () => young.steps + old.steps,
  };
}

function idIn({ names }: Generation, name: string, labels: Record<string, unknown>): number | undefined {
  let step = names.get(name);
  for (const label in labels) {
    if (step === undefined) return undefined;
    const values: Map<unknown, Step> | undefined = step.label === label ? step.values : step.others?.get(label);
    step = values?.get(labels[label]);
  }
  return step?.id || undefined;
}

/** The step that `key` leads to, made if need be. */
function stepFor<K>(generation: Generation, from: Map<K, Step>, key: K): Step {
  const known = from.get(key);
  if (known) return known;
  const step = { id: 0, label: '', values: undefined, others: undefined };
  from.set(key, step);
  generation.steps += 1;
  return step;
}

function valuesFor(step: Step, label: string): Map<unknown, Step> {
  if (step.values === undefined) step.label = label;
  if (step.label === label) return (step.values ??= new Map());
  step.others ??= new Map();
  const known = step.others.get(label);
  if (known) return known;
  const values = new Map<unknown, Step>();
  step.others.set(label, values);
  return values;
}
