import type { Incident } from '@nightshift/types';
import { useState } from 'preact/hooks';
import { post } from '../data/api.ts';
import { useAttempt } from '../data/attempt.ts';
import { isOver } from '../text/words.ts';
import { ReasonDialog } from './dialog.tsx';
import { Refused } from './refused.tsx';

/** What a person may say about an incident at any time. Automation never overwrites it. */
export function PersonButtons({ incident, onChanged }: { incident: Incident; onChanged: () => void }) {
  const [asking, setAsking] = useState<'resolve' | 'false-positive' | null>(null);
  const { busy, refusal, attempt } = useAttempt();
  const path = (what: string) => `/api/incidents/${encodeURIComponent(incident.id)}/${what}`;
  const acknowledge = () =>
    attempt(async () => {
      await post(path('acknowledge'));
      onChanged();
    });
  const over = isOver(incident);
  return (
    <div class="person-buttons">
      {!over && incident.acknowledgedBy === null && (
        <button type="button" class="primary" disabled={busy} onClick={() => void acknowledge()}>
          Acknowledge
        </button>
      )}
      {!over && (
        <button type="button" onClick={() => setAsking('resolve')}>
          Resolve …
        </button>
      )}
      {incident.resolution !== 'false_positive' && (
        <button type="button" class="quiet" onClick={() => setAsking('false-positive')}>
          False positive …
        </button>
      )}
      <Refused refusal={refusal} />
      {asking && (
        <ReasonDialog
          title={asking === 'resolve' ? 'Resolve this incident?' : 'Was this no incident?'}
          label={asking === 'resolve' ? 'What ended it? (for the postmortem)' : 'Why not? (for tuning the detection)'}
          action={asking === 'resolve' ? 'Resolve' : 'Mark as false positive'}
          onClose={() => setAsking(null)}
          onConfirm={async (reason) => {
            await post(path(asking), { reason });
            onChanged();
          }}
        >
          <p>
            {asking === 'resolve'
              ? 'It ends now, in your name. If the signals are still bad, a new incident opens.'
              : 'It ends now, and this service opens no incident again until the reopen window has passed.'}
          </p>
        </ReasonDialog>
      )}
    </div>
  );
}
