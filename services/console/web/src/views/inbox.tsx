import type { Inbox as InboxAnswer } from '../../../src/wire.ts';
import { post } from '../data/api.ts';
import { useAttempt } from '../data/attempt.ts';
import { concernsAll, useResource } from '../data/resource.ts';
import { Refused } from '../parts/refused.tsx';
import { Ago, Chip, Link } from '../parts/small.tsx';
import { stateWords } from '../text/words.ts';

type Shown = InboxAnswer['pages'][number];

/** Every page that went out: those still waiting for somebody first. */
export function Inbox() {
  const { data, refusal, reload } = useResource<InboxAnswer>('/api/inbox', concernsAll);
  const wanting = data?.pages.filter(wantsSomebody) ?? [];
  const others = data?.pages.filter((page) => !wantsSomebody(page)) ?? [];
  return (
    <>
      <h1>Inbox</h1>
      <Refused refusal={refusal} />
      {data && data.pages.length === 0 && (
        <p class="all-quiet">Nobody has been paged. When Nightshift cannot help safely, its page appears here.</p>
      )}
      <ul class="pages">
        {[...wanting, ...others].map((page) => (
          <PageItem key={page.id} shown={page} onChanged={reload} />
        ))}
      </ul>
    </>
  );
}

const wantsSomebody = ({ incidentState, acknowledgedBy }: Shown) =>
  incidentState === 'escalated' && acknowledgedBy === null;

function PageItem({ shown, onChanged }: { shown: Shown; onChanged: () => void }) {
  const { page } = shown;
  const { text, tone } = stateWords[shown.incidentState];
  const { busy, refusal, attempt } = useAttempt();
  const acknowledge = () =>
    attempt(() => post(`/api/incidents/${encodeURIComponent(shown.incidentId)}/acknowledge`).finally(onChanged));
  return (
    <li class={`panel page ${wantsSomebody(shown) ? 'wanting' : ''}`}>
      <p class="page-head">
        <Chip tone={shown.acknowledgedBy !== null ? 'calm' : tone}>
          {shown.acknowledgedBy !== null ? `${shown.acknowledgedBy} has it` : text}
        </Chip>
        <span class="muted">
          to {shown.recipient} by {shown.channel}, level {shown.level + 1},{' '}
          {shown.state === 'sent' && shown.sentAt !== null ? <Ago at={shown.sentAt} /> : shown.state}
          {shown.error !== null && ` (${shown.error})`}
        </span>
      </p>
      <h2>
        <Link href={`/incidents/${encodeURIComponent(shown.incidentId)}`}>{page?.headline ?? shown.incidentId}</Link>
      </h2>
      {page && (
        <>
          <p>Why a person: {page.reason}</p>
          {page.suspectChange !== null && <p>Suspect: {page.suspectChange}</p>}
          <p class="next-step">
            <strong>Next:</strong> {page.nextStep}
          </p>
        </>
      )}
      <Refused refusal={refusal} />
      {wantsSomebody(shown) && (
        <p>
          <button type="button" class="primary" disabled={busy} onClick={() => void acknowledge()}>
            I have it
          </button>
        </p>
      )}
    </li>
  );
}
