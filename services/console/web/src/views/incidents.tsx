import { useState } from 'preact/hooks';
import type { IncidentList, Me, Overview } from '../../../src/wire.ts';
import { get } from '../data/api.ts';
import { concernsAll, useResource } from '../data/resource.ts';
import { DemoPanel } from '../parts/demo.tsx';
import { Empty } from '../parts/empty.tsx';
import { IncidentCard, EndedTable } from '../parts/incident-rows.tsx';
import { Queues } from '../parts/queues.tsx';
import { Refused } from '../parts/refused.tsx';
import { Summary } from '../parts/summary.tsx';
import { byUrgency } from '../text/words.ts';

/** What is wrong now, what was, and whether Nightshift itself is well. */
export function Incidents({ me, overview }: { me: Me; overview: Overview | null }) {
  const open = useResource<IncidentList>('/api/incidents?state=open&limit=200', concernsAll);
  const ended = useResource<IncidentList>('/api/incidents?state=ended&limit=20', concernsAll);
  const [older, setOlder] = useState<IncidentList | null>(null);
  const first = ended.data?.incidents ?? [];
  const rest = (older?.incidents ?? []).filter(({ id }) => !first.some((each) => each.id === id));
  const next = older ? older.next : (ended.data?.next ?? null);
  const more = async () => {
    const page = await get<IncidentList>(`/api/incidents?state=ended&limit=50&after=${encodeURIComponent(next!)}`);
    setOlder({ ...page, incidents: [...(older?.incidents ?? []), ...page.incidents] });
  };
  const active = [...(open.data?.incidents ?? [])].sort(byUrgency);
  const nothingYet = open.data !== null && ended.data !== null && active.length + first.length === 0;
  return (
    <>
      <h1 class="hidden-visually">Incidents</h1>
      <Summary overview={overview} />
      <Refused refusal={open.refusal ?? ended.refusal} />
      <section aria-label="Open incidents" class="open-list" aria-live="polite" aria-relevant="additions">
        {active.map((incident) => (
          <IncidentCard key={incident.id} incident={incident} />
        ))}
        {open.data && active.length === 0 && !nothingYet && <p class="all-quiet">All quiet. No incident is open.</p>}
      </section>
      {nothingYet && overview && <Empty series={overview.series} ingestUrl={me.ingestUrl} />}
      {me.demo && <DemoPanel />}
      {first.length > 0 && (
        <EndedTable incidents={[...first, ...rest]} onMore={next ? () => void more().catch(() => {}) : null} />
      )}
      <Queues queues={overview?.queues ?? []} />
    </>
  );
}
