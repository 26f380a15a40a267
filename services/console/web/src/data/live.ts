/** What the server tells by itself; `refresh`: read everything again. */
export type LiveEvent = { event: 'incident'; id: string } | { event: 'setting' } | { event: 'refresh' };
/** `up`: events come as they happen. `down`: we ask every few seconds instead. */
export type LiveState = 'up' | 'down';

const listeners = new Set<(event: LiveEvent) => void>();
const watchers = new Set<(state: LiveState) => void>();
let source: EventSource | undefined;
let running = false;
let state: LiveState = 'down';
let hiddenTimer: ReturnType<typeof setTimeout> | undefined;

const againMs = 3_000;
const pollMs = { down: 5_000, up: 60_000 };
/** A browser allows six connections to a server: a page nobody looks at gives its own back. */
const hiddenMs = 60_000;

/** Calls back with every live event. Returns how to stop. */
export function onLive(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function onLiveState(watcher: (state: LiveState) => void): () => void {
  watchers.add(watcher);
  watcher(state);
  return () => watchers.delete(watcher);
}

/** Begins to follow; call once somebody is logged in. Returns how to stop. */
export function startLive(): () => void {
  running = true;
  open();
  document.addEventListener('visibilitychange', seen);
  let polledAt = Date.now();
  const poll = setInterval(() => {
    if (Date.now() - polledAt < pollMs[state]) return;
    polledAt = Date.now();
    tell({ event: 'refresh' });
  }, 1_000);
  return () => {
    running = false;
    clearInterval(poll);
    clearTimeout(hiddenTimer);
    document.removeEventListener('visibilitychange', seen);
    close();
  };
}

function open(): void {
  if (source || !running) return;
  const stream = new EventSource('/api/events');
  source = stream;
  stream.addEventListener('incident', (message) =>
    tell({ event: 'incident', id: (parse(message) as { id: string }).id }),
  );
  stream.addEventListener('setting', () => tell({ event: 'setting' }));
  stream.addEventListener('refresh', () => tell({ event: 'refresh' }));
  stream.addEventListener('hearing', (message) => become((parse(message) as { ok: boolean }).ok ? 'up' : 'down'));
  stream.onerror = () => {
    become('down');
    if (stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
    close();
    setTimeout(open, againMs);
  };
}

function close(): void {
  source?.close();
  source = undefined;
  become('down');
}

function seen(): void {
  clearTimeout(hiddenTimer);
  if (document.hidden) hiddenTimer = setTimeout(close, hiddenMs);
  else open();
}

function become(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const watcher of watchers) watcher(state);
}

const tell = (event: LiveEvent) => {
  for (const listener of listeners) listener(event);
};

const parse = (message: Event): unknown => JSON.parse((message as MessageEvent<string>).data);
