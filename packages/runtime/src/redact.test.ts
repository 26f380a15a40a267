import { describe, expect, it } from 'vitest';
import { redactText } from './redact.ts';

const canary = 'c4n4ryC4N4RYc4n4ry99';

describe('what looks like a secret is hidden, and what is beside it stays', () => {
  it.each([
    [`postgres://shop:${canary}@db/shop refused`, 'postgres://shop:***@db/shop refused'],
    [`Authorization: Bearer ${canary}, retrying`, 'Authorization: *** ***, retrying'],
    [`{"password":"${canary}","user":"ada"}`, '{"password":"***","user":"ada"}'],
    [`password="${canary} one", user=ada`, 'password="***", user=ada'],
    [`cloning https://${canary}@host/x`, 'cloning https://***@host/x'],
    [`aws_secret_access_key = ${canary} region = eu`, 'aws_secret_access_key = *** region = eu'],
    [`secretAccessKey: ${canary}`, 'secretAccessKey: ***'],
    [`key AKIA${canary.toUpperCase()} of ada`, 'key AKIA*** of ada'],
    [`pushed with ghp_${canary}.`, 'pushed with ghp_***'],
    [`cookie eyJhbGciOi${canary}.eyJzdWIi.${canary} sent`, 'cookie eyJ*** sent'],
    [
      `-----BEGIN RSA PRIVATE KEY-----\n${canary}\n${canary}\n-----END RSA PRIVATE KEY-----\nthen more`,
      '-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nthen more',
    ],
    [`-----BEGIN PRIVATE KEY-----\n${canary}`, '-----BEGIN PRIVATE KEY-----***'],
  ])('%s', (text, shown) => {
    expect(redactText(text)).toBe(shown);
  });

  it('and words about secrets that are none stay', () => {
    const text = 'the token expired; 3 secrets, 2 cookies; password reset asked for by ada';
    expect(redactText(text)).toBe(text);
  });
});
