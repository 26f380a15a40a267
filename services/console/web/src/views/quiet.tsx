import type { SilencesAnswer, WhyNotAnswer } from '../../../src/wire.ts';
import { post } from '../data/api.ts';
import { useAttempt } from '../data/attempt.ts';
import { serverNow } from '../data/clock.ts';
import { concernsAll, useResource } from '../data/resource.ts';
import { Freezes } from '../parts/freezes.tsx';
import { Refused } from '../parts/refused.tsx';
import { Ago, Chip, Panel, Time } from '../parts/small.tsx';
import { plain } from '../text/words.ts';

const hourMs = 3_600_000;
type Silence = SilencesAnswer['silences'][number];

/** What opened no incident, and why: silences, and every breach that was held. */
export function Quiet() {
  return (
    <>
      <h1>Quiet</h1>
      <Freezes />
      <Silences />
      <Breaches />
    </>
  );
}

function Silences() {
  const { data, refusal, reload } = useResource<SilencesAnswer>('/api/silences', concernsAll);
  return (
    <Panel title="Silences" id="silences">
      <Refused refusal={refusal} />
      {data?.silences.length === 0 && <p class="muted">No silence is in force, to come, or over since yesterday.</p>}
      <ul class="plain">
        {data?.silences.map((silence) => (
          <SilenceItem key={silence.id} silence={silence} now={data.now} onChanged={reload} />
        ))}
      </ul>
      <AddSilence onAdded={reload} />
    </Panel>
  );
}

function SilenceItem({ silence, now, onChanged }: { silence: Silence; now: number; onChanged: () => void }) {
  const { busy, refusal, attempt } = useAttempt();
  const { id, by, reason, startsAt, endsAt, endedAt, endedBy } = silence;
  const over = endedAt !== null || endsAt <= now;
  const end = () => attempt(() => post(`/api/silences/${id}/end`).finally(onChanged));
  return (
    <li>
      <Chip tone={over ? 'calm' : startsAt > now ? 'note' : 'auto'}>
        {over ? 'over' : startsAt > now ? 'to come' : 'in force'}
      </Chip>{' '}
      <strong>{aboutOf(silence)}</strong> <span class="muted">{reason}</span>
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

function AddSilence({ onAdded }: { onAdded: () => void }) {
  const { busy, refusal, attempt } = useAttempt();
  const add = async (form: HTMLFormElement) => {
    const given = Object.fromEntries(
      [...new FormData(form)].map(([key, value]) => [key, typeof value === 'string' ? value.trim() : '']),
    );
    const { service, metric, hours, reason } = given;
    const endsAt = Math.round(serverNow() + Number(hours) * hourMs);
    const named = { ...(service && { service }), ...(metric && { metric }) };
    if (await attempt(() => post('/api/silences', { ...named, endsAt, reason }))) form.reset();
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
          Service <input name="service" maxLength={128} />
        </label>{' '}
        <label>
          Metric or alert <input name="metric" maxLength={256} />
        </label>{' '}
        <label>
          Hours <input name="hours" type="number" min="0.1" max="720" step="0.1" required value="1" />
        </label>{' '}
        <label>
          Why <input name="reason" maxLength={500} required />
        </label>{' '}
        <button type="submit" disabled={busy}>
          Silence
        </button>
      </p>
      <Refused refusal={refusal} />
    </form>
  );
}

function Breaches() {
  const { data, refusal } = useResource<WhyNotAnswer>('/api/why-not', concernsAll);
  return (
    <Panel title="Suppressed signals of the last hour, and why" id="why-not">
      <Refused refusal={refusal} />
      {data?.breaches.length === 0 && <p class="muted">No breach went without an incident.</p>}
      <ul class="plain">
        {data?.breaches.map(({ service, metric, seriesId, because, detail, times, lastAt }) => (
          <li key={`${service} ${metric} ${seriesId} ${because}`}>
            <Chip tone="calm">{plain(because)}</Chip> <strong>{metric}</strong> of {service}
            <br />
            <span class="muted">
              {detail}; {times === 1 ? 'once' : `${times} times`}, <Ago at={lastAt} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const aboutOf = ({ service, metric, labels }: Silence) =>
  [service, metric, ...Object.entries(labels).map((label) => label.join('='))].filter(Boolean).join(', ');
