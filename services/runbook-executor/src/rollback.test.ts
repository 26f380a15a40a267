import type { Deployment } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { chooseRollback } from './rollback.ts';

const minute = 60_000;
const at = 1_000 * minute;
const deployment = (version: string, minutesAgo: number, previousVersion: string | null = null): Deployment => ({
  id: `dep-${version}`,
  service: 'shop',
  version,
  previousVersion,
  deployedAt: at - minutesAgo * minute,
  by: null,
  url: null,
});
const choose = (deployments: Deployment[], more: { leftBehind?: string[]; onsetMinutesAgo?: number } = {}) => {
  const choice = chooseRollback({
    deployments,
    leftBehind: new Set(more.leftBehind),
    onsetAt: at - (more.onsetMinutesAgo ?? 1) * minute,
    at,
  });
  return choice.ok ? `${choice.rollback.from} -> ${choice.rollback.to}` : choice.reason;
};

describe('the way back', () => {
  it('leads from the newest deployment to what ran before it, by its own word or by the record', () => {
    expect(choose([deployment('v3', 5, 'v1'), deployment('v2', 50)])).toBe('v3 -> v1');
    expect(choose([deployment('v3', 5), deployment('v3', 10), deployment('v2', 50)])).toBe('v3 -> v2');
  });

  it('defect 32: ends after 60 minutes (also defect 24)', () => {
    expect(choose([deployment('v2', 60, 'v1')])).toBe('v2 -> v1');
    expect(choose([deployment('v2', 60 + 1 / 60_000, 'v1')])).toBe(
      'v2: limit rollbackWindow: deployed 60 min ago, only the last 60 min may be rolled back',
    );
    expect(choose([deployment('v2', 119, 'v1')])).toContain('limit rollbackWindow: deployed 119 min ago');
  });

  it('is not opened for ever by a reporter whose clock is wrong', () => {
    expect(choose([deployment('v2', -11, 'v1')], { onsetMinutesAgo: -12 })).toContain('wrong clock');
  });

  it('does not undo the repair: what was deployed after the trouble began is not its cause', () => {
    expect(choose([deployment('fix', 2, 'v2')], { onsetMinutesAgo: 10 })).toContain('may be the repair');
    expect(choose([deployment('v2', 9.5, 'v1')], { onsetMinutesAgo: 10 })).toBe('v2 -> v1');
  });

  it('never undoes itself (defect 45)', () => {
    expect(choose([deployment('v1', 3, 'v2')], { leftBehind: ['v2'] })).toBe(
      'v2 was itself rolled back: going back to it would undo that',
    );
    expect(choose([deployment('v1', 3, 'v1')])).toContain('nothing to go back to');
  });

  it('is not guessed', () => {
    expect(choose([])).toBe('no deployment of it is known');
    expect(choose([deployment('v2', 3)])).toBe('it is not known what ran before v2');
  });
});
