import { inHouse, type House } from '../ground/house.ts';
import { layGround, type Ground } from '../ground/nightshift.ts';
import { median } from '../median.ts';
import { bareTables, commitsPerLife, live, liveBarely } from './lives.ts';
import { storm, stormFiles } from './storm.ts';

export const incidentsUsage = `bench incidents [--quick] [--json]
  Whole lives of incidents through the lifecycle (${commitsPerLife} transactions each, 8 at a time) in three rounds beside a bare loop of as many commits on the
  same Postgres; then a storm of 10,000 incidents through the services, one of them killed in the middle, until somebody was told of
  each. Takes some 3 minutes.
  --quick  few of them: to try it out
  --json   figures as JSON; the last line holds the ratios`;

const rounds = 3;
const inFlight = 8;

export async function benchIncidents({ quick }: { quick: boolean }) {
  return inHouse('incidents', async (house) => {
    const ground = await layGround(house, stormFiles);
    const { bare, lives } = await measureLives(house, ground, quick ? 200 : 2_000);
    const drained = await storm(house, ground, quick ? 300 : 10_000, 170_000);
    const { lost, elsewhere } = drained;
    if (lost > 0 || elsewhere > 0) {
      house.say(`LOST: nobody was told of ${lost} incidents, and ${elsewhere} are not escalated`);
      process.exitCode = 1;
    }
    return { livesPerSecond: { bare, lives }, storm: drained, ratios: { livesVsBareLoop: lives / bare } };
  });
}

async function measureLives(house: House, { postgres }: Ground, count: number) {
  const { db } = postgres;
  await db.query(bareTables);
  const found: { bare: number[]; lives: number[] } = { bare: [], lives: [] };
  for (let round = 0; round < rounds; round++) {
    found.bare.push(await perSecond(house, count, (i) => liveBarely(db, `bare-${round}-${i}`)));
    found.lives.push(await perSecond(house, count, (i) => live(db, `life-${round}-${i}`)));
    house.say(
      `round ${round + 1} of ${rounds}: bare loop ${found.bare.at(-1)!.toFixed(0)}, lives ${found.lives.at(-1)!.toFixed(0)} a second`,
    );
  }
  return { bare: median(found.bare), lives: median(found.lives) };
}

async function perSecond(house: House, count: number, life: (i: number) => Promise<void>): Promise<number> {
  let next = 0;
  const work = async () => {
    while (next < count) {
      house.signal.throwIfAborted();
      await life(next++);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: inFlight }, work));
  return (count / (performance.now() - started)) * 1_000;
}

export function incidentsReport({
  livesPerSecond,
  storm: drained,
  ratios,
}: Awaited<ReturnType<typeof benchIncidents>>) {
  const { incidents, seconds, perSecond: rate, lost, pagesRepeated, byDeadline } = drained;
  return [
    '| | a second |',
    '|---|---|',
    `| bare loop of ${commitsPerLife} commits | ${livesPerSecond.bare.toFixed(0)} |`,
    `| lives of incidents | ${livesPerSecond.lives.toFixed(0)} |`,
    '',
    `lives against the bare loop: ${ratios.livesVsBareLoop.toFixed(2)} (goal: at least 0.3)`,
    '',
    `storm: ${incidents} incidents, all told of after ${seconds.toFixed(1)} s (${rate.toFixed(0)} a second), one service killed in the middle;`,
    `${lost} lost, ${pagesRepeated} pages repeated under their key, ${byDeadline} moved on by their deadline`,
  ].join('\n');
}
