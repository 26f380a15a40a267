import { inputLimits } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { openSenders, type Sender } from './senders.ts';

const mebibyte = 1024 * 1024;
const sender = (id: number, limits: Sender['limits'] = {}): Sender => ({ id, sender: id, name: `token ${id}`, limits });
const [flood, neighbour] = [sender(1), sender(2)];

function opened() {
  let at = 0;
  const limited: string[] = [];
  const senders = openSenders(
    { samplesPerSecond: 100, newSeriesPerSecond: 10, maxSeries: 10, inFlightBytes: 10 * mebibyte },
    ({ name }, limit) => limited.push(`${name} ${limit}`),
    () => at,
  );
  return { senders, limited, pass: (ms: number) => (at += ms) };
}
const codeOf = (work: () => void) => {
  try {
    work();
    return 'in';
  } catch (error) {
    const { code, details } = error as { code: string; details: { retryAfterSeconds?: number } };
    return details.retryAfterSeconds === undefined ? code : `${code} ${details.retryAfterSeconds}`;
  }
};

describe('the account of a sender', () => {
  it('lets a burst of two seconds in, then turns away at the door until it has flowed off; a neighbour notices nothing', () => {
    const { senders, limited, pass } = opened();
    senders.admit(flood);
    senders.spend(flood, 500);
    expect(codeOf(() => senders.admit(flood))).toBe('TOKEN_LIMITED 3');
    expect(codeOf(() => senders.admit(neighbour))).toBe('in');
    pass(2_900);
    expect(codeOf(() => senders.admit(flood))).toBe('TOKEN_LIMITED 1');
    pass(200);
    expect(codeOf(() => senders.admit(flood))).toBe('in');
    expect(limited).toEqual(['token 1 rate', 'token 1 rate']);
  });

  it('comes to the rate over time, however fast it is asked', () => {
    const { senders, pass } = opened();
    let taken = 0;
    for (let ms = 0; ms < 60_000; ms += 10) {
      pass(10);
      if (codeOf(() => senders.admit(flood)) !== 'in') continue;
      senders.spend(flood, 50);
      taken += 50;
    }
    expect(taken / 60).toBeGreaterThan(95);
    expect(taken / 60).toBeLessThan(105);
  });

  it('goes by what the token says of itself, and is the same for the token that replaces it', () => {
    const { senders } = opened();
    const fast = sender(3, { samplesPerSecond: 1_000 });
    senders.spend(fast, 1_500);
    expect(codeOf(() => senders.admit(fast))).toBe('in');
    senders.spend({ ...fast, id: 9 }, 1_500);
    expect(codeOf(() => senders.admit(fast))).toBe('TOKEN_LIMITED 1');
    expect(senders.registrar(sender(4, { maxSeries: 3, labelsPerSample: 2 }))).toMatchObject({
      sender: 4,
      name: 'token 4',
      maxSeries: 3,
      labelsPerSample: 2,
    });
    expect(senders.registrar(flood)).toMatchObject({ maxSeries: 10, labelsPerSample: inputLimits.labelsPerSample });
  });

  it('registers new series at their own rate, however many samples it may send', () => {
    const { senders, limited, pass } = opened();
    const register = (who: Sender, wanted: number) => {
      const registrar = senders.registrar(who);
      return Array.from({ length: wanted }, () => registrar.pay()).filter(Boolean).length;
    };
    expect([register(flood, 100), register(neighbour, 5)]).toEqual([21, 5]);
    pass(1_000);
    expect(register(flood, 100)).toBe(10);
    expect(register(sender(3, { newSeriesPerSecond: 1_000 }), 100)).toBe(100);
    expect(senders.registrar(flood).tooFast()).toMatchObject({ code: 'TOKEN_LIMITED', status: 503 });
    expect(limited).toEqual(['token 1 new_series']);
    expect(codeOf(() => senders.admit(flood))).toBe('in');
  });

  it('holds no more bytes than its share, though one request always goes', () => {
    const { senders, limited } = opened();
    const first = senders.hold(flood, 11 * mebibyte);
    expect(codeOf(() => senders.hold(flood, 1))).toBe('TOKEN_LIMITED 2');
    expect(codeOf(() => senders.hold(neighbour, mebibyte))).toBe('in');
    first.release();
    first.release();
    expect(codeOf(() => senders.hold(flood, 10 * mebibyte))).toBe('in');
    expect(codeOf(() => senders.hold(flood, 1))).toBe('TOKEN_LIMITED 2');
    expect(limited).toEqual(['token 1 in_flight', 'token 1 in_flight']);
  });

  it('with a lower limit of bytes wants to be told how many come', () => {
    const { senders } = opened();
    const small = sender(5, { bodyBytes: 1_000 });
    expect([1_000, 1_001, undefined].map((bytes) => codeOf(() => senders.checkBytes(small, bytes)))).toEqual([
      'in',
      'BODY_TOO_LARGE',
      'BODY_TOO_LARGE',
    ]);
    expect(codeOf(() => senders.checkBytes(flood, undefined))).toBe('in');
  });
});
