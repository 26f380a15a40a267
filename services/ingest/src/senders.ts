import type { TokenCheck } from '@nightshift/runtime';
import { inputLimits, NightshiftError } from '@nightshift/types';
import type { Registrar } from './series.ts';

/** Who sends: a token, and those that it replaced or that replace it. */
export type Sender = Awaited<ReturnType<TokenCheck>>;

/** What every sender may whose token does not say otherwise. */
export type SenderDefaults = {
  samplesPerSecond: number;
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
export const newSeriesCost = 5;
/** An alert or a change is a transaction. */
export const eventCost = 100;
const burstSeconds = 2;

type Account = { spent: number; at: number; held: number };

/** `onLimited` hears of each request or series that was turned away. `now`: ms, monotonic. */
export function openSenders(
  defaults: SenderDefaults,
  onLimited: (sender: Sender, limit: 'rate' | 'in_flight' | 'body_bytes') => void,
  now: () => number = () => performance.now(),
): Senders {
  const accounts = new Map<number, Account>();
  const rateOf = ({ limits }: Sender) => limits.samplesPerSecond ?? defaults.samplesPerSecond;

  const accountOf = (sender: Sender): Account => {
    const known = accounts.get(sender.sender);
    if (!known) {
      const opened = { spent: 0, at: now(), held: 0 };
      accounts.set(sender.sender, opened);
      return opened;
    }
    const at = now();
    known.spent = Math.max(0, known.spent - ((at - known.at) / 1_000) * rateOf(sender));
    known.at = at;
    return known;
  };

  return {
    admit(sender) {
      const { spent } = accountOf(sender);
      const rate = rateOf(sender);
      if (spent <= rate * burstSeconds) return;
      onLimited(sender, 'rate');
      throw limited(sender, `has sent more than ${rate} samples a second`, Math.ceil(spent / rate - burstSeconds));
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
      accountOf(sender).spent += samples;
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
    registrar: ({ sender, name, limits }) => ({
      sender,
      name,
      maxSeries: limits.maxSeries ?? defaults.maxSeries,
      labelsPerSample: limits.labelsPerSample ?? inputLimits.labelsPerSample,
    }),
  };
}

const limited = (sender: Sender, what: string, retryAfterSeconds: number) =>
  new NightshiftError('TOKEN_LIMITED', `the token "${sender.name}" ${what}`, { details: { retryAfterSeconds } });
