import { describe, expect, it } from 'vitest';
import { countAttempts } from './attempts.ts';
import { csrfToken, newSession, openSession, PersonName, sealSession, sessionKey } from './session.ts';

const key = sessionKey('a secret of the installation', 'the token of the console');
const at = 1_700_000_000_000;

describe('a session', () => {
  it('opens as it was sealed, until it expires', () => {
    const session = newSession('Ada', at);
    const sealed = sealSession(key, session);
    expect(openSession(key, sealed, at)).toEqual(session);
    expect(openSession(key, sealed, session.expiresAt)).toBeNull();
  });

  it('does not open when a single character of it was changed', () => {
    const sealed = sealSession(key, newSession('Ada', at));
    for (let i = 0; i < sealed.length; i++) {
      const changed = `${sealed.slice(0, i)}${sealed[i] === 'x' ? 'y' : 'x'}${sealed.slice(i + 1)}`;
      expect(openSession(key, changed, at), `character ${i}`).toBeNull();
    }
    for (const nonsense of [undefined, '', '.', 'a.b', `${sealed}.`, 'x'.repeat(10_000)])
      expect(openSession(key, nonsense, at)).toBeNull();
  });

  it('ends when the token of the console, or the secret, is another one', () => {
    const sealed = sealSession(key, newSession('Ada', at));
    expect(openSession(sessionKey('a secret of the installation', 'another token, as new'), sealed, at)).toBeNull();
    expect(openSession(sessionKey('another secret', 'the token of the console'), sealed, at)).toBeNull();
  });

  it('has a proof of its own, which no other session has', () => {
    const [mine, other] = [newSession('Ada', at), newSession('Ada', at)];
    expect(csrfToken(key, mine)).not.toBe(csrfToken(key, other));
    expect(csrfToken(key, mine)).toBe(csrfToken(key, mine));
  });
});

describe('a name', () => {
  it.each(['Ada', 'Ada Lovelace', "Anne O'Neil", 'Zoë', '李雷', 'ada@example.org', 'a.b-c_1'])('may be %s', (name) =>
    expect(PersonName.safeParse(name).success).toBe(true),
  );
  it.each(['', '  ', 'runbook-executor', 'Sweeper', '<b>', 'a\nb', '-x', 'x'.repeat(65), 'a\u202eb'])(
    'may not be %j',
    (name) => expect(PersonName.safeParse(name).success).toBe(false),
  );
});

describe('wrong tokens', () => {
  it('make one address wait, and not the others; the wait ends', () => {
    let clock = 0;
    const attempts = countAttempts(() => clock);
    for (let i = 0; i < 10; i++) attempts.failed('10.0.0.1');
    expect(attempts.waitMs('10.0.0.1')).toBe(60_000);
    expect(attempts.waitMs('10.0.0.2')).toBe(0);
    clock = 60_000;
    expect(attempts.waitMs('10.0.0.1')).toBe(0);
  });
});
