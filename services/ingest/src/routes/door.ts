import { inputLimits } from '@nightshift/types';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Gate } from '../gate.ts';
import type { GroupCommit } from '../group-commit.ts';
import { bytesPerSample, type Senders } from '../senders.ts';

/** Where requests with samples come in: counts who is in the house, and the bytes that each may take. */
export type Door = {
  /** For `onRequest`: lets a request in before its body is read, or throws what the gate and the account of its sender throw. */
  enter(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Its samples are put: nobody needs to wait for it. It has left by itself when its answer is out or its sender has gone. */
  leave(request: FastifyRequest): void;
  /** Its body becomes `bytes` large: reserves the rest until it is answered. Throws as `enter` does. */
  widen(request: FastifyRequest, bytes: number): void;
  /** What its body came to, in samples: its sender has spent that, if it is more than what the bytes have cost. */
  settle(request: FastifyRequest, samples: number): void;
};

export function openDoor(gate: Gate, senders: Senders, group: Pick<GroupCommit, 'enter' | 'leave'>): Door {
  type Guest = { bytes: number; paid: number; places: { release(): void }[]; gone: boolean; leave(): void };
  const guests = new WeakMap<FastifyRequest, Guest>();
  const reserve = ({ sender }: FastifyRequest, guest: Guest, bytes: number) => {
    guest.places.push(gate.admit(bytes));
    guest.places.push(senders.hold(sender, bytes));
  };
  return {
    async enter(request, reply) {
      const { sender } = request;
      const header = request.headers['content-length'];
      const declared = header === undefined ? undefined : Math.min(Number(header), inputLimits.bodyBytes);
      senders.checkBytes(sender, declared);
      // Without a declared length it may become as long as a body can be.
      const bytes = declared ?? inputLimits.bodyBytes;
      let inHouse = false;
      const guest: Guest = {
        bytes,
        paid: (declared ?? 0) / bytesPerSample,
        places: [],
        gone: false,
        leave() {
          if (inHouse) group.leave();
          inHouse = false;
        },
      };
      reply.raw.once('close', () => {
        guest.gone = true;
        for (const place of guest.places) place.release();
        guest.leave();
      });
      reserve(request, guest, bytes);
      senders.spend(sender, guest.paid);
      guests.set(request, guest);
      group.enter();
      inHouse = true;
    },
    leave(request) {
      guests.get(request)?.leave();
    },
    widen(request, bytes) {
      const guest = guests.get(request);
      if (!guest || guest.gone || bytes <= guest.bytes) return;
      senders.checkBytes(request.sender, bytes);
      reserve(request, guest, bytes - guest.bytes);
      guest.bytes = bytes;
    },
    settle(request, samples) {
      const paid = guests.get(request)?.paid ?? 0;
      if (samples > paid) senders.spend(request.sender, samples - paid);
    },
  };
}
