import { describe, expect, it } from 'vitest';
import { CommonConfig, describeConfig, readConfig } from './config.ts';
import { redactText } from './redact.ts';

const good = { DATABASE_URL: 'postgres://u:p@localhost/db', NIGHTSHIFT_SECRET: 'sixteen characters' };

describe('configuration from the environment', () => {
  it('fills what is not set', () => {
    expect(readConfig(CommonConfig, good)).toMatchObject({ PORT: 0, HOST: '127.0.0.1', LOG_LEVEL: 'info' });
  });

  it('names every variable that is missing or wrong, and never shows a value', () => {
    const env = { DATABASE_URL: 'mysql://root:hunter2@db', PORT: 'http' };
    const refusal = () => readConfig(CommonConfig, env);
    expect(refusal).toThrow(/DATABASE_URL: .*PORT: .*NIGHTSHIFT_SECRET is not set/s);
    expect(refusal).not.toThrow(/hunter2/);
  });

  it('documents every variable', () => {
    for (const variable of describeConfig(CommonConfig)) expect(variable.description, variable.name).not.toBe('');
    expect(
      describeConfig(CommonConfig)
        .filter((variable) => variable.required)
        .map((variable) => variable.name),
    ).toEqual(['DATABASE_URL', 'NIGHTSHIFT_SECRET']);
  });
});

describe('redaction', () => {
  it.each([
    ['postgres://user:hunter2@db:5432/x', 'postgres://user:***@db:5432/x'],
    ['Authorization: Bearer nst_0123456789abcdef', 'Bearer ***'],
    ['password=hunter2 host=db', 'password=*** host=db'],
    ['{"token":"hunter2","ok":true}', '{"token":"***","ok":true}'],
    ['api_key: hunter2', 'api_key: ***'],
  ])('hides what is secret in %s', (text, kept) => {
    expect(redactText(text)).not.toMatch(/hunter2|nst_0123/);
    expect(redactText(text)).toContain(kept.split('***')[1]);
  });

  it('leaves ordinary text alone', () => {
    const text = '62 of 100 connections, 7 waiting on locks; see http://console:4600/incidents/inc-1';
    expect(redactText(text)).toBe(text);
  });
});
