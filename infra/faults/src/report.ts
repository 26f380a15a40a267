import type { Outcome } from './run.ts';

/** The one line of JSON. */
export type Figures = Record<
  'kills' | 'stops' | 'wipes' | 'restarts' | 'incidents' | 'lost' | 'duplicated' | 'exceeded' | 'unfinished',
  number
>;

const listed = 20;

/** A run for people and for scripts, and whether it is as it must be. */
export function report(outcome: Outcome): { words: string; figures: Figures; good: boolean } {
  const { injected, incidents, effects, verdict, deaths, seconds, kept } = outcome;
  const count = (kind: string) => injected.filter((each) => each.kind === kind).length;
  const figures: Figures = {
    kills: count('kill'),
    stops: count('stop'),
    wipes: count('wipe'),
    restarts: count('restart'),
    incidents: incidents.all,
    lost: verdict.lost.length,
    duplicated: verdict.duplicated.length,
    exceeded: verdict.exceeded.length,
    unfinished: verdict.unfinished.length,
  };
  const points = (kind: string) => {
    const counts = new Map<string, number>();
    for (const each of injected) if (each.kind === kind) counts.set(each.at, (counts.get(each.at) ?? 0) + 1);
    return (
      [...counts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([at, n]) => `${at} ${n}`)
        .join(', ') || 'none'
    );
  };
  const section = (what: string, items: string[]) =>
    items.length === 0
      ? []
      : [
          `${what}:`,
          ...items.slice(0, listed).map((item) => `  ${item}`),
          ...(items.length > listed ? [`  and ${items.length - listed} more`] : []),
        ];
  const words = [
    `${figures.kills} kills (${points('kill')})`,
    `${figures.stops} stops beyond the lease (${points('stop')})`,
    `${figures.wipes} wipes of the queue (${points('wipe')}), ${figures.restarts} restarts of Postgres, ${count('kill_platform')} kills of the platform`,
    `${incidents.all} incidents: ${incidents.resolved} resolved by automation, ${incidents.escalated} with a person; ${effects} effects; ${seconds.toFixed(0)} s`,
    `${figures.lost} lost, ${figures.duplicated} duplicated, ${figures.exceeded} limits exceeded, ${figures.unfinished} unfinished`,
    ...section('lost', verdict.lost),
    ...section('duplicated', verdict.duplicated),
    ...section('exceeded', verdict.exceeded),
    ...section('unfinished', verdict.unfinished),
    ...section('ended by themselves', deaths),
    ...(kept ? [`kept in ${kept}`] : []),
  ].join('\n');
  const good = figures.lost + figures.duplicated + figures.exceeded + figures.unfinished === 0;
  return { words, figures, good };
}
