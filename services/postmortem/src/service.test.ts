import { raise, step, timeline } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { startService } from '@nightshift/runtime';
import { eventually, testDatabase } from '@nightshift/testkit';
import { describe, expect, it } from 'vitest';
import { Config } from './config.ts';
import { startPostmortem } from './service.ts';

describe('the service', () => {
  it('writes the postmortem of an incident that is resolved, through the real queue', async () => {
    const test = await testDatabase();
    await migrateQueue(test.url);
    const variables = {
      DATABASE_URL: test.url,
      NIGHTSHIFT_SECRET: 'a secret of the test, long enough',
      LOG_LEVEL: 'silent',
    };
    const started = await startService({ name: 'postmortem', config: Config, start: startPostmortem }, variables);
    const { incidentId } = await test.db.tx((tx) =>
      raise(
        tx,
        {
          service: 'shop-api',
          type: 'unknown',
          severity: 'critical',
          title: 'x',
          onsetAt: Date.now(),
          reason: 'r',
          anomalies: [],
        },
        'detector',
      ),
    );
    await step(test.db, incidentId, { kind: 'resolved_by_person', by: 'ada', reason: '' }, { actor: 'ada' });
    await eventually(async () =>
      expect((await timeline(test.db, incidentId)).at(-1)!.event.kind).toBe('postmortem_written'),
    );
    expect(await test.db.query(`SELECT data->>'resolution' AS resolution FROM postmortem`)).toEqual([
      { resolution: 'person' },
    ]);
    await started.close();
    await test.close();
  });
});
