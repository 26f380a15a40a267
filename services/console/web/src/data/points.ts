import { useEffect, useState } from 'preact/hooks';
import type { Points, PointsAnswer } from '../../../src/wire.ts';
import { get } from './api.ts';

const everyMs = 2_000;
const mostKept = 5_000;

/** The points of one series of an incident; while `live`, new ones are added as they come. */
export function usePoints(
  incidentId: string,
  seriesId: number | null,
  known: Points | null,
  live: boolean,
): Points | null {
  const key = `${incidentId}/${seriesId}`;
  const [held, setHeld] = useState<{ key: string; points: Points | null }>({ key, points: known });
  const points = held.key === key ? held.points : known;

  useEffect(() => {
    if (seriesId === null) return;
    let newest = points?.at.at(-1) ?? 0;
    let stopped = false;
    let all = points;
    const read = async () => {
      const path = `/api/incidents/${encodeURIComponent(incidentId)}/points?series=${seriesId}&since=${newest}`;
      const answer = await get<PointsAnswer>(path).catch(() => null);
      if (stopped || !answer) return;
      if (answer.points.at.length > 0 || !all) {
        all = append(all, answer.points);
        newest = all.at.at(-1) ?? newest;
        setHeld({ key, points: all });
      }
    };
    if (!all || live) void read();
    const timer = live ? setInterval(() => void (document.hidden || read()), everyMs) : undefined;
    return () => {
      stopped = true;
      clearInterval(timer);
    };
  }, [key, live]);

  return points;
}

function append(known: Points | null, fresh: Points): Points {
  if (!known) return fresh;
  const join = <T>(a: T[], b: T[]) => [...a, ...b].slice(-mostKept);
  return {
    at: join(known.at, fresh.at),
    value: join(known.value, fresh.value),
    expected: join(known.expected, fresh.expected),
    low: join(known.low, fresh.low),
    high: join(known.high, fresh.high),
  };
}
