import { useEffect, useState } from 'preact/hooks';

export type Route =
  | { view: 'incidents' }
  | { view: 'incident'; id: string }
  | { view: 'inbox' }
  | { view: 'series' }
  | { view: 'quiet' }
  | { view: 'login' }
  | { view: 'nowhere' };

/** Which view a path of ours names. */
function routeOf(path: string): Route {
  const incident = /^\/incidents\/([^/]+)$/.exec(path);
  if (incident) return { view: 'incident', id: decodeURIComponent(incident[1]!) };
  if (path === '/') return { view: 'incidents' };
  if (path === '/inbox' || path === '/series' || path === '/quiet' || path === '/login') {
    return { view: path.slice(1) as 'inbox' | 'series' | 'quiet' | 'login' };
  }
  return { view: 'nowhere' };
}

/** Goes to another view without loading the page again. */
export function goTo(path: string, options: { replace?: boolean } = {}): void {
  history[options.replace ? 'replaceState' : 'pushState'](null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
  scrollTo(0, 0);
}

export function useRoute(): Route {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const moved = () => setPath(location.pathname);
    addEventListener('popstate', moved);
    return () => removeEventListener('popstate', moved);
  }, []);
  return routeOf(path);
}

/** A path of ours after log-in; anything else is the first page. */
export const nextPath = (search: string): string => {
  const next = new URLSearchParams(search).get('next') ?? '/';
  const url = next.startsWith('/') && URL.canParse(next, location.origin) ? new URL(next, location.origin) : null;
  return url?.origin === location.origin ? url.pathname + url.search : '/';
};
