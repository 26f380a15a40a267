import { describe, expect, it } from 'vitest';
import { signLink, verifyLink, type LinkClaims } from './link.ts';

const secret = 'a secret of the test, long enough';
const claims: LinkClaims = { incidentId: 'inc-1', purpose: 'ack', expiresAt: 10_000, by: 'ada' };
const at = (ms: number) => ({ purpose: 'ack' as const, at: ms });

describe('a signed link', () => {
  it('gives back what was signed, until it expires', () => {
    const token = signLink(secret, claims);
    expect(token).toMatch(/^[\w-]+\.[\w-]+$/); // goes into a URL as it is
    expect(verifyLink(secret, token, at(9_999))).toEqual(claims);
    expect(() => verifyLink(secret, token, at(10_000))).toThrow('not valid');
  });

  it('is refused when any character of it was changed, or another secret signed it', () => {
    const token = signLink(secret, claims);
    for (let i = 0; i < token.length; i++) {
      const changed = `${token.slice(0, i)}${token[i] === 'A' ? 'Q' : 'A'}${token.slice(i + 1)}`;
      expect(() => verifyLink(secret, changed, at(0)), `character ${i}`).toThrow('not valid');
    }
    expect(() => verifyLink('another secret entirely', token, at(0))).toThrow('not valid');
  });

  it('is refused when it is no token at all', () => {
    for (const token of ['', '.', 'a.b', 'a.b.c', `${signLink(secret, claims)}.x`, 'x'.repeat(100_000)]) {
      expect(() => verifyLink(secret, token, at(0))).toThrow('not valid');
    }
  });

  it('is refused for a purpose it was not signed for', () => {
    const other = { purpose: 'resolve' as never, at: 0 };
    expect(() => verifyLink(secret, signLink(secret, claims), other)).toThrow('not valid');
  });
});
