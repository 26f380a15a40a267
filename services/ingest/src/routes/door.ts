import { inputLimits } from '@nightshift/types';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Gate } from '../gate.ts';
import type { GroupCommit } from '../group-commit.ts';

/** Where requests with samples come in: counts who is in the house, and the bytes that each may take. */
export type Door = {
  /** For `onRequest`: lets a request in before its body is read, or throws what the gate throws. */
  enter(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Its samples are put: nobody needs to wait for it. It has left by itself when its answer is out or its sender has gone. */
  leave(request: FastifyRequest): void;
  /** Its body becomes `bytes` large: reserves the rest until it is answered. Throws what the gate throws. */
  widen(request: FastifyRequest, bytes: number): void;
};

export function openDoor(gate: Gate, group: Pick<GroupCommit, 'enter' | 'leave'>): Door {
  type Guest = { bytes: number; places: { release(): void }[]; gone: boolean; leave(): void };
  const guests = new WeakMap<FastifyRequest, Guest>();
  return {
    async enter(request, reply) {
      const declared = request.headers['content-length'];
      // Without a declared length it may become as long as a body can be.
      const bytes = declared === undefined ? inputLimits.bodyBytes : Math.min(Number(declared), inputLimits.bodyBytes);
      let inHouse = true;
      const guest: Guest = {
        bytes,
        places: [gate.admit(bytes)],
        gone: false,
        leave() {
          if (inHouse) group.leave();
          inHouse = false;
        },
      };
      guests.set(request, guest);
      group.enter();
      reply.raw.once('close', () => {
        guest.gone = true;
        for (const place of guest.places) place.release();
        guest.leave();
      });
    },
    leave(request) {
      guests.get(request)?.leave();
    },
    widen(request, bytes) {
      const guest = guests.get(request);
      if (!guest || guest.gone || bytes <= guest.bytes) return;
      guest.places.push(gate.admit(bytes - guest.bytes));
      guest.bytes = bytes;
    },
  };
}
