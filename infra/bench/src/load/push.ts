import { measured, type Fleet } from '../ground/fleet.ts';
import type { House } from '../ground/house.ts';
import { makeFlow, type FlowOptions } from './flow.ts';
import { sendLanes } from './send.ts';
import type { BenchSeries } from './series.ts';

/** Sends samples of the series to a fleet, round by round; each is over when all that was sent so far has been judged. `sent`: in this round; `pushed`: in all. */
export function pusher(house: House, fleet: Fleet, series: BenchSeries[]) {
  let pushed = 0;
  return async (options: FlowOptions) => {
    const flow = makeFlow(series, options);
    const round = await measured(fleet.meters, async () => {
      await sendLanes(fleet.target, flow.lanes, house.signal);
      await fleet.settled((pushed += flow.sent()));
    });
    return { ...round, sent: flow.sent(), pushed };
  };
}
