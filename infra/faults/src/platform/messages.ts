/** What the platform and the one who started it say to each other, over the channel of a forked process. */

/** Where a request can be held: the moments between two lines of an executor, seen from outside. */
export type HeldAt =
  /** Diagnostics asks how a service is. */
  | 'looking'
  /** An executor asks how a target is, to plan or before it scales. */
  | 'planning'
  /** A change was asked for and has not been made. */
  | 'received'
  /** It was made and has not been answered. */
  | 'applied'
  /** It has been answered. */
  | 'answered';

export type Held = { id: number; at: HeldAt; caller: string; key: string | null };

export type ToPlatform =
  /** Hold the next request that gets there. */
  | { kind: 'arm'; at: HeldAt }
  | { kind: 'disarm' }
  | { kind: 'release'; id: number }
  /** How far the world's clock is ahead of the machine's, in ms. */
  | { kind: 'ahead'; ms: number };

export type FromPlatform =
  | { kind: 'ready'; port: number }
  | ({ kind: 'held' } & Held)
  /** Something was really changed on this target. */
  | { kind: 'effect'; target: string }
  | { kind: 'ahead_set'; ms: number };

/** One line of the platform's own log: something that it really did. `at`: epoch ms on the world's clock. */
export type Effect = {
  key: string;
  target: string;
  verb: 'restart' | 'scale' | 'hook';
  /** Instances added. */
  quantity: number;
  caller: string;
  at: number;
};
/** One page that was delivered. */
export type Delivered = { page: string; incidentId: string; at: number };
export type LogLine = Effect | Delivered;
