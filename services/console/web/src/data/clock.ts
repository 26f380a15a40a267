import { useEffect, useState } from 'preact/hooks';

let aheadMs = 0;
const ticking = new Set<(at: number) => void>();

/** Sets our clock by the server's, so that a wrong clock in the browser makes no wrong countdown. */
export function setClock(serverNow: number): void {
  aheadMs = serverNow - Date.now();
}

export const serverNow = (): number => Date.now() + aheadMs;

setInterval(() => {
  for (const tick of ticking) tick(serverNow());
}, 1_000);

/** The server's time (epoch ms), renewed every second. */
export function useNow(): number {
  const [at, setAt] = useState(serverNow);
  useEffect(() => {
    ticking.add(setAt);
    return () => void ticking.delete(setAt);
  }, []);
  return at;
}
