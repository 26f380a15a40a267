import type { BlastRadius, Catalogue } from '@nightshift/types';

/** Who would feel a mistake on these services: all that depend on them, the nearest first. Pure; a circle of dependencies ends. */
export function blastRadius(catalogue: Catalogue, services: readonly string[]): BlastRadius {
  const touches = [...new Set(services)].sort();
  const felt: BlastRadius['felt'] = [];
  const seen = new Set(touches);
  for (let near = touches; near.length > 0;) {
    const next: string[] = [];
    for (const { name, dependsOn, criticality } of catalogue.services) {
      const through = near.find((service) => dependsOn.includes(service));
      if (through === undefined || seen.has(name)) continue;
      seen.add(name);
      next.push(name);
      felt.push({ service: name, through, criticality });
    }
    near = next;
  }
  return { touches, felt };
}
