import type { FreezesAnswer } from '../../../src/wire.ts';
import { post } from '../data/api.ts';
import { useAttempt } from '../data/attempt.ts';
import { serverNow } from '../data/clock.ts';
import { concernsAll, useResource } from '../data/resource.ts';
import { Refused } from './refused.tsx';
import { Chip, Panel, Time } from './small.tsx';

const hourMs = 3_600_000;
type Declared = FreezesAnswer['declared'][number];

/** When nothing is acted upon: declared by people, or by the calendar of freezes.yaml. */
export function Freezes() {
  const { data, refusal, reload } = useResource<FreezesAnswer>('/api/freezes', concernsAll);
  return (
    <Panel title="Change freezes" id="freezes">
      <Refused refusal={refusal} />
      {data?.declared.length === 0 && <p class="muted">No freeze is declared, to come, or over since yesterday.</p>}
      <ul class="plain">
        {data?.declared.map((freeze) => (
          <FreezeItem key={freeze.id} freeze={freeze} now={data.now} onChanged={reload} />
        ))}
        {data?.calendar.map(({ id, reason, services, zone }) => (
          <li key={id}>
            <Chip tone="calm">calendar</Chip> <strong>{services?.join(', ') ?? 'everything'}</strong>{' '}
            <span class="muted">
              {id} ({zone}): {reason}
            </span>
          </li>
        ))}
      </ul>
      <AddFreeze onAdded={reload} />
    </Panel>
  );
}

function FreezeItem({ freeze, now, onChanged }: { freeze: Declared; now: number; onChanged: () => void }) {
  const { busy, refusal, attempt } = useAttempt();
  const { id, service, by, reason, startsAt, endsAt, endedAt, endedBy } = freeze;
  const over = endedAt !== null || endsAt <= now;
  const end = () => attempt(() => post(`/api/freezes/${id}/end`).finally(onChanged));
  return (
    <li>
      <Chip tone={over ? 'calm' : startsAt > now ? 'note' : 'auto'}>
        {over ? 'over' : startsAt > now ? 'to come' : 'in force'}
      </Chip>{' '}
      <strong>{service ?? 'everything'}</strong> <span class="muted">{reason}</span>
      <br />
      <span class="muted">
        {by}, <Time at={startsAt} /> to <Time at={endedAt ?? endsAt} />
        {endedBy !== null && `, ended by ${endedBy}`}
      </span>{' '}
      {!over && (
        <button type="button" class="quiet small" disabled={busy} onClick={() => void end()}>
          End now
        </button>
      )}
      <Refused refusal={refusal} />
    </li>
  );
}

function AddFreeze({ onAdded }: { onAdded: () => void }) {
  const { busy, refusal, attempt } = useAttempt();
  const add = async (form: HTMLFormElement) => {
    const given = Object.fromEntries(
      [...new FormData(form)].map(([key, value]) => [key, typeof value === 'string' ? value.trim() : '']),
    );
    const { service, hours, reason } = given;
    const endsAt = Math.round(serverNow() + Number(hours) * hourMs);
    if (await attempt(() => post('/api/freezes', { ...(service && { service }), endsAt, reason }))) form.reset();
    onAdded();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void add(event.currentTarget);
      }}
    >
      <p>
        <label>
          Service (empty: everything) <input name="service" maxLength={128} />
        </label>{' '}
        <label>
          Hours <input name="hours" type="number" min="0.1" max="720" step="0.1" required value="1" />
        </label>{' '}
        <label>
          Why <input name="reason" maxLength={500} required />
        </label>{' '}
        <button type="submit" disabled={busy}>
          Freeze
        </button>
      </p>
      <Refused refusal={refusal} />
    </form>
  );
}
