import { roleOf, type KnownSeries } from '@nightshift/detection';
import { partName, type DetectionConfig } from '@nightshift/types';

type Role = ReturnType<typeof roleOf>;

/** What each series of a replay is for. */
export type SeriesRoles = { register(id: number, series: KnownSeries): void; of(id: number): Role };

/** A `_sum` or `_count` is a part of a histogram once its sisters are known; then its role is found anew. */
export function seriesRoles(config: DetectionConfig): SeriesRoles {
  const all: KnownSeries[] = [];
  const roles: (Role | undefined)[] = [];
  const families = new Map<string, { parts: Set<string>; ids: number[] }>();

  const meet = (id: number, { name, service }: KnownSeries) => {
    const part = partName(name);
    if (!part) return;
    const key = JSON.stringify([service, part.base, part.perSecond]);
    const family = families.get(key) ?? { parts: new Set(), ids: [] };
    families.set(key, family);
    family.ids.push(id);
    if (family.parts.has(part.part)) return;
    family.parts.add(part.part);
    for (const sister of family.ids) roles[sister - 1] = undefined;
  };
  const hasSisters = ({ name, service }: KnownSeries): boolean => {
    const part = partName(name);
    const parts = part && families.get(JSON.stringify([service, part.base, part.perSecond]))?.parts;
    return Boolean(parts && (parts.has('bucket') || (parts.has('sum') && parts.has('count'))));
  };
  return {
    register(id, series) {
      all[id - 1] = series;
      meet(id, series);
    },
    of(id) {
      const series = all[id - 1]!;
      return (roles[id - 1] ??= roleOf(config, { ...series, hasSisters: hasSisters(series) }));
    },
  };
}
