/** A stretch of samples drawn as one: the range of its values, its band, and whether there was an alarm or a label in it. */
export type Stretch = {
  from: number;
  to: number;
  least: number;
  greatest: number;
  /** NaN while no band is known. */
  expected: number;
  low: number;
  high: number;
  alarm: boolean;
  labelled: boolean;
};

/** A series as it will be drawn, however many samples it has: at most `most` stretches, which merge in pairs when they become more. */
export type Picture = {
  add(
    at: number,
    value: number,
    band: { expected: number; low: number; high: number },
    alarm: boolean,
    labelled: boolean,
  ): void;
  stretches(): Stretch[];
};

/** Even, so that pairs come out. A picture is about a thousand pixels wide. */
const most = 800;

export function makePicture(): Picture {
  let all: Stretch[] = [];
  let [perStretch, inLast] = [1, 0];
  return {
    add(at, value, { expected, low, high }, alarm, labelled) {
      if (inLast === perStretch) {
        if (all.length === most) {
          all = inPairs(all);
          perStretch *= 2;
        }
        inLast = 0;
      }
      const one = { from: at, to: at, least: value, greatest: value, expected, low, high, alarm, labelled };
      if (inLast === 0) all.push(one);
      else all[all.length - 1] = merged(all.at(-1)!, one);
      inLast++;
    },
    stretches: () => all,
  };
}

function inPairs(all: Stretch[]): Stretch[] {
  const half: Stretch[] = [];
  for (let i = 0; i < all.length; i += 2) half.push(all[i + 1] ? merged(all[i]!, all[i + 1]!) : all[i]!);
  return half;
}

function merged(a: Stretch, b: Stretch): Stretch {
  return {
    from: a.from,
    to: b.to,
    least: Math.min(a.least, b.least),
    greatest: Math.max(a.greatest, b.greatest),
    expected: b.expected,
    low: known(Math.min, a.low, b.low),
    high: known(Math.max, a.high, b.high),
    alarm: a.alarm || b.alarm,
    labelled: a.labelled || b.labelled,
  };
}

const known = (of: (a: number, b: number) => number, a: number, b: number) =>
  Number.isNaN(a) ? b : Number.isNaN(b) ? a : of(a, b);
