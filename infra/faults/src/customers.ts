import { startLoop, type Loop } from '@nightshift/lifecycle';
import type { Outage } from './judge.ts';
import { groups, servicesOf, type Service } from './world/configuration.ts';
import type { World } from './world/world.ts';

/** The services of a round as their senders see them: each reports how it is twice a second, and whether anybody listens is Nightshift's matter. */
export type Customers = {
  /** Takes the next group of services, all of them well. */
  begin(round: number): void;
  /** One more of them goes down; false: all have. */
  breakOne(): boolean;
  /** A change of a target makes those well that it heals. */
  healedBy(target: string): void;
  /** A person has mended it. */
  mend(service: string): void;
  outages: Outage[];
  close(): Promise<void>;
};

const everyMs = 500;
const timeoutMs = 1_500;

export function startCustomers(world: World, shuffle: (services: Service[]) => Service[]): Customers {
  const outages: Outage[] = [];
  let round = 0;
  let present: Service[] = [];
  let waiting: Service[] = [];
  const down = new Set<string>();
  const told = new Set<string>();

  const report = async () => {
    if (present.length === 0) return 'idle' as const;
    const at = world.now();
    const sick = new Set(down);
    const samples = present.map(({ name }) => ({
      name: 'availability',
      value: sick.has(name) ? 0 : 1,
      timestamp: at,
      labels: { service: name },
    }));
    const response = await fetch(world.ingest.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.ingest.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ samples }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { accepted } = (await response.json()) as { accepted?: number };
    if (accepted !== samples.length) return 'idle' as const;
    for (const service of sick) {
      if (told.has(service)) continue;
      told.add(service);
      outages.push({ service, at, round });
    }
    return 'idle' as const;
  };
  // Nobody there, or no room: what a sender does then is to send again.
  const loop: Loop = startLoop({ everyMs, onError: () => {}, round: report });

  return {
    begin(next) {
      round = next;
      present = servicesOf(next % groups);
      waiting = shuffle(present);
      down.clear();
      told.clear();
    },
    breakOne() {
      const next = waiting.pop();
      if (next) down.add(next.name);
      return next !== undefined;
    },
    healedBy(target) {
      for (const { name, heals } of present) if (heals === target) down.delete(name);
    },
    mend: (service) => void down.delete(service),
    outages,
    close: () => loop.close(),
  };
}
