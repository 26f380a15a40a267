import type { TokenCheck } from '@nightshift/runtime';
import { inputLimits, NightshiftError } from '@nightshift/types';
import type { Registrar } from './series.ts';

/** Who sends: a token, and those that it replaced or that replace it. */
export type Sender = Awaited<ReturnType<TokenCheck>>;

/** What every sender may whose token does not say otherwise. */
export type SenderDefaults = {
  samplesPerSecond: number;
  newSeriesPerSecond: number;
  maxSeries: number;
  /** Bytes of a sender's requests that are not answered yet. */
  inFlightBytes: number;
};

/**
 * Keeps one sender's flood from the others, with a few numbers per sender and none per sample. What a sender has spent flows off at its rate; while there is
 * more than `burstSeconds` of it the next request is turned away at the door, before its body is read.
 */
export type Senders = {
  /** Throws TOKEN_LIMITED while the sender is ahead of its rate. */
  admit(sender: Sender): void;
  /** Throws BODY_TOO_LARGE for a body beyond what the sender may send at once; one of no declared length could be. */
  checkBytes(sender: Sender, bytes: number | undefined): void;
  /** What a request has cost, in samples. */
  spend(sender: Sender, samples: number): void;
  /** Reserves bytes until `release`. One request is always let in. Throws TOKEN_LIMITED. */
  hold(sender: Sender, bytes: number): { release(): void };
  /** What series a sender may register. */
  registrar(sender: Sender): Registrar;
};

/** A body costs as many samples as it would hold if it were JSON, whatever it turns out to be. */
export const bytesPerSample = 128;
/** A series that is not known in memory is looked for in the database. */
const lookUpCost = 10;
/** An alert or a change is a transaction. */
export const eventCost = 100;
const burstSeconds = 2;

/** What was spent and has not flowed off yet, as of a time. */
type Bucket = { spent: number; at: number };
type Account = { samples: Bucket; series: Bucket; held: number };

/** `onLimited` hears of each request that was turned away. `now`: ms, monotonic. */
export function openSenders(
  defaults: SenderDefaults,
  onLimited: (sender: Sender, limit: 'rate' | 'new_series' | 'in_flight' | 'body_bytes') => void,
  now: () => number = () => performance.now(),
): Senders {
  const accounts = new Map<number, Account>();
  const accountOf = ({ sender }: Sender): Account => {
    const known = accounts.get(sender);
    if (known) return known;
    const at = now();
    const opened = { samples: { spent: 0, at }, series: { spent: 0, at }, held: 0 };
    accounts.set(sender, opened);
    return opened;
  };
  /** How many seconds at its rate a bucket is beyond its burst; below zero there is room. */
  const secondsAhead = (bucket: Bucket, perSecond: number): number => {
    const at = now();
    bucket.spent = Math.max(0, bucket.spent - ((at - bucket.at) / 1_000) * perSecond);
    bucket.at = at;
    return bucket.spent / perSecond - burstSeconds;
  };
  const sampleRate = ({ limits }: Sender) => limits.samplesPerSecond ?? defaults.samplesPerSecond;
  const seriesRate = ({ limits }: Sender) => limits.newSeriesPerSecond ?? defaults.newSeriesPerSecond;

  return {
    admit(sender) {
      const rate = sampleRate(sender);
      const ahead = secondsAhead(accountOf(sender).samples, rate);
      if (ahead <= 0) return;
      onLimited(sender, 'rate');
      throw limited(sender, `has sent more than ${rate} samples a second`, ahead);
    },
    checkBytes(sender, bytes) {
      const most = sender.limits.bodyBytes ?? inputLimits.bodyBytes;
      // What nobody may send is refused where it is read.
      if (most === inputLimits.bodyBytes || (bytes !== undefined && bytes <= most)) return;
      onLimited(sender, 'body_bytes');
      const told = bytes === undefined ? 'the request has no Content-Length' : `the body has ${bytes} bytes`;
      throw new NightshiftError('BODY_TOO_LARGE', `${told}; the token "${sender.name}" may send ${most} at once`);
    },
    spend(sender, samples) {
      accountOf(sender).samples.spent += samples;
    },
    hold(sender, bytes) {
      const account = accountOf(sender);
      if (account.held > 0 && account.held + bytes > defaults.inFlightBytes) {
        onLimited(sender, 'in_flight');
        throw limited(sender, `has ${account.held} bytes of requests that are still being worked on`, 2);
      }
      account.held += bytes;
      let held = bytes;
      return {
        release() {
          account.held -= held;
          held = 0;
        },
      };
    },
    registrar(sender) {
      const { limits } = sender;
      const { samples, series } = accountOf(sender);
      const rate = seriesRate(sender);
      return {
        sender: sender.sender,
        name: sender.name,
        maxSeries: limits.maxSeries ?? defaults.maxSeries,
        labelsPerSample: limits.labelsPerSample ?? inputLimits.labelsPerSample,
        lookUp(wanted) {
          samples.spent += wanted * lookUpCost;
        },
        pay() {
          if (secondsAhead(series, rate) > 0) return false;
          series.spent += 1;
          return true;
        },
        tooFast() {
          onLimited(sender, 'new_series');
          return limited(sender, `has begun more than ${rate} new series a second`, 1);
        },
      };
    },
  };
}

const limited = (sender: Sender, what: string, seconds: number) =>
  new NightshiftError('TOKEN_LIMITED', `the token "${sender.name}" ${what}`, {
    details: { retryAfterSeconds: Math.ceil(seconds) },
  });
