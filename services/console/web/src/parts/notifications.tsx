import type { Incident } from '@nightshift/types';
import type { IncidentDetail, ShownNotification } from '../../../src/wire.ts';
import { useNow } from '../data/clock.ts';
import { countdown } from '../text/format.ts';
import type { Tone } from '../text/words.ts';
import { isOver } from '../text/words.ts';
import { Chip, Panel, Time } from './small.tsx';

const tones: Record<ShownNotification['state'], Tone> = {
  pending: 'note',
  sent: 'good',
  failed: 'bad',
  cancelled: 'calm',
};
type Props = { notifications: ShownNotification[]; escalation: IncidentDetail['escalation']; incident: Incident };

/** Who was told, who has it, who is next. */
export function Notifications({ notifications, escalation, incident }: Props) {
  const now = useNow();
  const waiting = incident.acknowledgedBy === null && !isOver(incident);
  return (
    <Panel title="People" id="people">
      {incident.acknowledgedBy !== null && incident.acknowledgedAt !== null && (
        <p>
          <strong>{incident.acknowledgedBy}</strong> has it since <Time at={incident.acknowledgedAt} />.
        </p>
      )}
      {notifications.length === 0 && incident.acknowledgedBy === null && <p class="muted">Nobody was paged.</p>}
      <ul class="plain">
        {notifications.map((notification) => (
          <li key={notification.id}>
            <Chip tone={tones[notification.state]}>{notification.state}</Chip> to {notification.recipient}{' '}
            <span class="muted">by {notification.channel}</span>
            <br />
            <span class="muted">
              level {notification.level + 1}
              {notification.round > 0 && `, round ${notification.round + 1}`}
              {notification.sentAt !== null && (
                <>
                  , <Time at={notification.sentAt} />
                </>
              )}
              {notification.error !== null && `: ${notification.error}`}
            </span>
          </li>
        ))}
      </ul>
      {waiting && escalation && escalation.nextAt !== null && (
        <p>
          Level {escalation.level + 1} of policy {escalation.policy} in{' '}
          <b class="number">{countdown(escalation.nextAt - now)}</b>.
        </p>
      )}
    </Panel>
  );
}
