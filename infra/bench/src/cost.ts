/** What judges many series: takes a sample of one, and says how many bytes it keeps of all. */
export type Judged = { observe(id: number, metric: string, at: number, value: number): unknown; bytes(): number };

export type Cost = { series: number; microsecondsPerSample: number; bytesPerSeries: number };

const samplesPerSize = 2_000_000;

/** CPU time per sample and size of the state, with so many series that send in turn. */
export function measureCost(judged: Judged, series: number): Cost {
  const rounds = Math.max(10, Math.ceil(samplesPerSize / series));
  let random = 1;
  const send = (from: number, to: number) => {
    for (let round = from; round < to; round++) {
      for (let id = 1; id <= series; id++) {
        random = (Math.imul(random, 1_664_525) + 1_013_904_223) | 0;
        judged.observe(id, 'value', 1_700_000_000_000 + round * 10_000, 100 + random / 2 ** 31);
      }
    }
  };
  // Past learning, so that the samples that count are judged.
  send(0, 35);
  const before = process.cpuUsage();
  send(35, 35 + rounds);
  const { user, system } = process.cpuUsage(before);
  return {
    series,
    microsecondsPerSample: (user + system) / (rounds * series),
    bytesPerSeries: judged.bytes() / series,
  };
}
