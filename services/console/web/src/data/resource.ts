import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { get, Refusal } from './api.ts';
import { setClock } from './clock.ts';
import { onLive, type LiveEvent } from './live.ts';

export type Resource<T> = { data: T | null; refusal: Refusal | null; reload: () => void };

/** Events come in bursts: one reading answers all of them. */
const gatherMs = 120;

/**
 * What the API says at `path`, read again whenever a live event concerns it. While it cannot be read the last answer stays, together
 * with the refusal.
 */
export function useResource<T extends { now: number }>(
  path: string,
  concerns: (event: LiveEvent) => boolean,
): Resource<T> {
  const [answer, setAnswer] = useState<{ path: string; data: T | null; refusal: Refusal | null }>({
    path,
    data: null,
    refusal: null,
  });
  const state = useRef({ path, busy: false, again: false, timer: 0 });
  state.current.path = path;

  const read = useCallback(async () => {
    const current = state.current;
    if (current.busy) {
      current.again = true;
      return;
    }
    current.busy = true;
    const asked = current.path;
    try {
      const data = await get<T>(asked);
      setClock(data.now);
      if (asked === current.path) setAnswer({ path: asked, data, refusal: null });
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal('INTERNAL', String(error), 'Reload the page.');
      if (asked === current.path)
        setAnswer((last) => ({ path: asked, data: last.path === asked ? last.data : null, refusal }));
    }
    current.busy = false;
    if (current.again || asked !== current.path) {
      current.again = false;
      void read();
    }
  }, []);

  useEffect(() => void read(), [path]);
  useEffect(() => {
    const soon = (event: LiveEvent) => {
      if (!concerns(event) || state.current.timer) return;
      state.current.timer = window.setTimeout(() => {
        state.current.timer = 0;
        void read();
      }, gatherMs);
    };
    const stop = onLive(soon);
    return () => {
      stop();
      clearTimeout(state.current.timer);
      state.current.timer = 0;
    };
  }, [path]);

  const { data, refusal } = answer.path === path ? answer : { data: null, refusal: null };
  return { data, refusal, reload: () => void read() };
}

export const concernsAll = () => true;
