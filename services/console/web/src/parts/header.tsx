import { useEffect, useState } from 'preact/hooks';
import type { Me, Overview } from '../../../src/wire.ts';
import { post } from '../data/api.ts';
import { onLiveState, type LiveState } from '../data/live.ts';
import type { Route } from '../data/route.ts';
import { KillSwitch } from './kill-switch.tsx';
import { Link } from './small.tsx';

type Props = { me: Me; route: Route; overview: Overview | null; onChanged: () => void; onLogout: () => void };

export function Header({ me, route, overview, onChanged, onLogout }: Props) {
  const waiting = (overview?.escalatedUnacknowledged ?? 0) + (overview?.waitingForApproval ?? 0);
  return (
    <header class="top">
      <Link href="/" class="brand">
        <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
          <path d="M21 3a13 13 0 1 0 8 18A11 11 0 0 1 21 3z" fill="currentColor" />
        </svg>
        Nightshift
      </Link>
      <nav aria-label="Main">
        <Link href="/" current={route.view === 'incidents' || route.view === 'incident'}>
          Incidents
        </Link>
        <Link href="/inbox" current={route.view === 'inbox'}>
          Inbox{waiting > 0 && <span class="count">{waiting}</span>}
        </Link>
        <Link href="/series" current={route.view === 'series'}>
          Series
        </Link>
        <Link href="/quiet" current={route.view === 'quiet'}>
          Quiet
        </Link>
        <a href="/queues/">Queues</a>
      </nav>
      <div class="top-end">
        <LiveLamp />
        <KillSwitch state={overview?.killSwitch ?? null} onChanged={onChanged} />
        <span class="who">{me.name}</span>
        <button type="button" class="quiet small" onClick={() => void post('/api/logout').then(onLogout, onLogout)}>
          Log out
        </button>
      </div>
    </header>
  );
}

function LiveLamp() {
  const [state, setState] = useState<LiveState>('down');
  useEffect(() => onLiveState(setState), []);
  return (
    <span
      class={`live ${state}`}
      role="status"
      title={state === 'up' ? 'Events arrive as they happen' : 'Events are asked for every few seconds'}
    >
      <span class="lamp" aria-hidden="true" />
      {state === 'up' ? 'live' : 'polling'}
    </span>
  );
}
