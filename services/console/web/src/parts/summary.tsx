import type { Overview } from '../../../src/wire.ts';
import { span } from '../text/format.ts';

/** The installation on one line: what is open now, and how the last week went. */
export function Summary({ overview }: { overview: Overview | null }) {
  if (!overview) return <div class="summary" aria-hidden="true" />;
  const { week } = overview;
  const share = week.resolved > 0 ? `${Math.round((100 * week.automated) / week.resolved)}%` : '–';
  const needed = overview.escalatedUnacknowledged + overview.waitingForApproval;
  return (
    <dl class="summary">
      <Figure name="open" value={String(overview.open)} tone={overview.critical > 0 ? 'bad' : ''} />
      <Figure name="need a person" value={String(needed)} tone={needed > 0 ? 'note' : ''} />
      <div class="summary-gap" role="presentation" />
      <Figure
        name="repaired by Nightshift, 7 days"
        value={share}
        title={`${week.automated} of ${week.resolved} resolved incidents`}
      />
      <Figure
        name="median time to resolve"
        value={week.medianToResolveMs === null ? '–' : span(week.medianToResolveMs)}
        title="From the first bad sample to the resolution, incidents of the last 7 days"
      />
      <Figure name="pages, 7 days" value={String(week.pages)} />
      <Figure name="false positives, 7 days" value={String(week.falsePositives)} />
    </dl>
  );
}

const Figure = ({ name, value, tone = '', title }: { name: string; value: string; tone?: string; title?: string }) => (
  <div class={`figure ${tone && `tone-${tone}`}`} title={title}>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);
