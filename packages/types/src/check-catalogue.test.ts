import { describe, expect, it } from 'vitest';
import { CheckName, factType } from './index.ts';

describe('the check catalogue', () => {
  it('knows the type of each fact, and no fact that is not declared', () => {
    expect(factType('redis_health', 'usedPercent')).toBe('number');
    expect(factType('recent_deployments', 'newestIsSuspect')).toBe('boolean');
    expect(factType('database_locks', 'rootState')).toBe('string');
    expect(factType('redis_health', 'usedPercentage')).toBeUndefined();
    expect(factType('redis_health', 'constructor')).toBeUndefined();
  });

  it('names checks exactly: those it has, and custom ones', () => {
    expect(CheckName.parse('custom.stuck_orders')).toBe('custom.stuck_orders');
    for (const wrong of ['disk', 'custom.', 'custom.Stuck', 'custom.a b', 'Custom.a']) {
      expect(CheckName.safeParse(wrong).success, wrong).toBe(false);
    }
    expect(CheckName.safeParse('disk').error!.issues[0]!.message).toContain('must be one of database_connections');
  });
});
