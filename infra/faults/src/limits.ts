import { actionLimits } from '@nightshift/types';

/** Something that was really done, as the limits see it. */
export type Done = { target: string; service: string; incidentId: string; type: string; quantity: number; at: number };

type Wall = {
  name: string;
  max: number;
  windowMs: number;
  of: (done: Done) => string | null;
  weight?: (done: Done) => number;
};

/** The limits of packages/types, written down a second time: what counts against which. `of` is whose budget it is; null: none. */
const walls: Wall[] = [
  {
    name: 'restartsPerTarget',
    ...actionLimits.restartsPerTarget,
    of: ({ type, target }) => (type === 'restart_service' ? target : null),
  },
  {
    name: 'instancesAddedPerTarget',
    ...actionLimits.instancesAddedPerTarget,
    of: ({ type, target }) => (type === 'scale_up' ? target : null),
    weight: ({ quantity }) => quantity,
  },
  { name: 'actionsPerTarget', ...actionLimits.actionsPerTarget, of: ({ target }) => target },
  { name: 'actionsPerService', ...actionLimits.actionsPerService, of: ({ service }) => service },
  { name: 'actionsGlobal', ...actionLimits.actionsGlobal, of: () => 'everywhere' },
  {
    name: 'actionsPerIncident',
    ...actionLimits.actionsPerIncident,
    windowMs: Infinity,
    of: ({ incidentId }) => incidentId,
  },
];

/** Every limit that was passed, once for each thing done beyond it. Whatever was done counts once, when it was done. */
export function passedLimits(done: Done[]): string[] {
  const sorted = [...done].sort((a, b) => a.at - b.at);
  return walls.flatMap(({ name, max, windowMs, of, weight = () => 1 }) =>
    sorted.flatMap((last, i) => {
      const whose = of(last);
      if (whose === null) return [];
      const used = sorted
        .slice(0, i + 1)
        .filter((each) => of(each) === whose && each.at > last.at - windowMs)
        .reduce((sum, each) => sum + weight(each), 0);
      return used > max ? [`${name} of ${whose}: ${used} where ${max} are allowed`] : [];
    }),
  );
}
