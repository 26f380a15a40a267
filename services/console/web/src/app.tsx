import { useEffect, useState } from 'preact/hooks';
import type { Me, Overview } from '../../src/wire.ts';
import { whenSessionIsLost, whoAmI, type Refusal } from './data/api.ts';
import { startLive } from './data/live.ts';
import { concernsAll, useResource } from './data/resource.ts';
import { goTo, nextPath, useRoute } from './data/route.ts';
import { BreakerBanner, FrozenBanner } from './parts/frozen.tsx';
import { Header } from './parts/header.tsx';
import { StoppedBanner } from './parts/kill-switch.tsx';
import { Refused } from './parts/refused.tsx';
import { Link } from './parts/small.tsx';
import { Inbox } from './views/inbox.tsx';
import { IncidentView } from './views/incident.tsx';
import { Incidents } from './views/incidents.tsx';
import { Login } from './views/login.tsx';
import { Quiet } from './views/quiet.tsx';
import { SeriesView } from './views/series.tsx';

type Session = { known: false } | { known: true; me: Me | null };

export function App() {
  const [session, setSession] = useState<Session>({ known: false });
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const route = useRoute();

  const look = async () => {
    try {
      const me = await whoAmI();
      setRefusal(null);
      setSession({ known: true, me });
      if (me && location.pathname === '/login') leaveLogin();
    } catch (error) {
      setRefusal(error as Refusal);
      setTimeout(() => void look(), 3_000);
    }
  };
  useEffect(() => {
    whenSessionIsLost(() => setSession({ known: true, me: null }));
    void look();
  }, []);

  if (!session.known)
    return <main class="login">{refusal ? <Refused refusal={refusal} /> : <p class="muted">Loading …</p>}</main>;
  if (!session.me) return <Login onLogin={() => void look()} />;
  return <Shell me={session.me} route={route} onLogout={() => setSession({ known: true, me: null })} />;
}

/** Bull Board is a page of its own, everything else is a view of this one. */
function leaveLogin() {
  const next = nextPath(location.search);
  if (next.startsWith('/queues')) location.replace(next);
  else goTo(next === '/login' ? '/' : next, { replace: true });
}

function Shell({ me, route, onLogout }: { me: Me; route: ReturnType<typeof useRoute>; onLogout: () => void }) {
  const { data: overview, refusal, reload } = useResource<Overview>('/api/overview', concernsAll);
  useEffect(startLive, []);
  useEffect(() => {
    document.title = overview && overview.open > 0 ? `(${overview.open}) Nightshift` : 'Nightshift';
  }, [overview?.open]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Header me={me} route={route} overview={overview} onChanged={reload} onLogout={onLogout} />
      <StoppedBanner state={overview?.killSwitch ?? null} />
      <BreakerBanner breaker={overview?.breaker} />
      <FrozenBanner frozen={overview?.frozen ?? []} />
      <main id="content" tabIndex={-1}>
        <Refused refusal={refusal} />
        {route.view === 'incidents' && <Incidents me={me} overview={overview} />}
        {route.view === 'incident' && <IncidentView key={route.id} id={route.id} me={me} />}
        {route.view === 'inbox' && <Inbox />}
        {route.view === 'series' && <SeriesView />}
        {route.view === 'quiet' && <Quiet />}
        {(route.view === 'nowhere' || route.view === 'login') && (
          <p>
            There is nothing here. <Link href="/">See the incidents</Link>
          </p>
        )}
      </main>
    </>
  );
}
