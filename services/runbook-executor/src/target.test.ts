import { Catalogue, Runbook, type Catalogue as CatalogueOf } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { findTarget, resolveTarget } from './target.ts';

const process = (id: string, ...actions: string[]) => ({
  id,
  kind: 'process',
  urlEnv: 'URL',
  tokenEnv: 'TOKEN',
  process: id,
  actions,
});
const catalogue: CatalogueOf = Catalogue.parse({
  schema: 1,
  services: [
    {
      name: 'shop',
      dependsOn: ['pool'],
      targets: [process('api', 'restart_service', 'scale_up'), process('worker', 'restart_service'), process('quiet')],
    },
    { name: 'pool', targets: [process('pooler', 'restart_service')] },
    { name: 'bank', targets: [process('vault', 'restart_service')] },
  ],
});
const reason = (result: { ok: boolean; reason?: string }) => (result.ok ? 'allowed' : result.reason);

describe('the target of a step', () => {
  it('is the one that allows the action, of the incident’s own service', () => {
    expect(resolveTarget(catalogue, 'shop', 'scale_up')).toMatchObject({
      ok: true,
      service: 'shop',
      target: { id: 'api' },
    });
  });

  it('defect 44: is never guessed: none, several, a forbidden or a foreign one are reasons', () => {
    expect(reason(resolveTarget(catalogue, 'shop', 'restart_service'))).toBe(
      'several targets of shop allow restart_service (api, worker): the runbook must name one',
    );
    expect(reason(resolveTarget(catalogue, 'shop', 'clear_cache'))).toBe('no target of shop allows clear_cache');
    expect(reason(resolveTarget(catalogue, 'shop', 'restart_service', 'quiet'))).toBe(
      'the catalogue does not allow restart_service on quiet',
    );
    expect(reason(resolveTarget(catalogue, 'shop', 'restart_service', 'vault'))).toBe(
      'neither shop nor a service it depends on has a target "vault"',
    );
    expect(reason(resolveTarget(catalogue, 'nowhere', 'restart_service'))).toBe(
      'the service nowhere is not in the catalogue',
    );
  });

  it('may belong to a service that this one depends on, and then counts for that one', () => {
    expect(resolveTarget(catalogue, 'shop', 'restart_service', 'pooler')).toMatchObject({ ok: true, service: 'pool' });
  });

  it('defect 40: is never a wildcard or empty: not in a runbook, not in the catalogue, not where it is resolved', () => {
    for (const target of ['*', '', '?', 'api*', '[a-z]', '..', ' ', 'a,b']) {
      const step = {
        schema: 1,
        id: 'r',
        title: 'r',
        match: { type: 'service_down' },
        steps: [{ action: 'restart_service', target }],
      };
      expect(Runbook.safeParse(step).success, target).toBe(false);
      const entry = { schema: 1, services: [{ name: 'shop', targets: [process(target, 'restart_service')] }] };
      expect(Catalogue.safeParse(entry).success, target).toBe(false);
      const unchecked = {
        ...catalogue,
        services: [{ ...catalogue.services[0]!, targets: [{ ...catalogue.services[0]!.targets[0]!, id: target }] }],
      };
      expect(reason(resolveTarget(unchecked, 'shop', 'restart_service', target)), target).toBe(
        `"${target}" does not name exactly one target`,
      );
    }
  });

  it('is looked up again before sending: what the catalogue took back stays untouched', () => {
    const planned = { target: 'api', type: 'restart_service' as const, provider: 'process' };
    expect(findTarget(catalogue, planned).ok).toBe(true);
    expect(reason(findTarget(catalogue, { ...planned, target: 'gone' }))).toBe('gone is no longer in the catalogue');
    expect(reason(findTarget(catalogue, { ...planned, target: 'quiet' }))).toBe(
      'the catalogue no longer allows restart_service on quiet',
    );
    expect(reason(findTarget(catalogue, { ...planned, provider: 'http' }))).toBe(
      'api is a process now, the plan was made for http',
    );
  });
});
