import type { IncidentDetail, Me } from '../../../src/wire.ts';
import { useResource } from '../data/resource.ts';
import { Actions } from '../parts/actions.tsx';
import { Approval } from '../parts/approval.tsx';
import { Changes } from '../parts/changes.tsx';
import { ChartPanel } from '../parts/chart-panel.tsx';
import { Decisions } from '../parts/decisions.tsx';
import { Diagnostics } from '../parts/diagnostics.tsx';
import { Lead } from '../parts/lead.tsx';
import { Notifications } from '../parts/notifications.tsx';
import { PostmortemPanel } from '../parts/postmortem.tsx';
import { RecoveryPanel } from '../parts/recovery.tsx';
import { Refused } from '../parts/refused.tsx';
import { Similar } from '../parts/similar.tsx';
import { Link } from '../parts/small.tsx';
import { Timeline } from '../parts/timeline.tsx';

/** One incident, in the order in which somebody just woken asks. */
export function IncidentView({ id, me }: { id: string; me: Me }) {
  const { data, refusal, reload } = useResource<IncidentDetail>(
    `/api/incidents/${encodeURIComponent(id)}`,
    (live) => live.event !== 'incident' || live.id === id,
  );
  if (!data) {
    return refusal ? (
      <>
        <Refused refusal={refusal} />
        <Link href="/">See all incidents</Link>
      </>
    ) : (
      <p class="muted">Loading …</p>
    );
  }
  return (
    <article class="incident">
      <Refused refusal={refusal} />
      <Lead detail={data} onChanged={reload} />
      {data.approval?.state === 'pending' && data.incident.state === 'awaiting_approval' && (
        <Approval approval={data.approval} me={me} onChanged={reload} />
      )}
      <div class="columns">
        <div>
          <RecoveryPanel recovery={data.recovery} state={data.incident.state} />
          <ChartPanel detail={data} />
          <Decisions incidentId={id} />
          <Timeline entries={data.timeline} />
          {data.postmortem && <PostmortemPanel postmortem={data.postmortem} />}
        </div>
        <div>
          <Diagnostics results={data.diagnostics} />
          <Changes deployments={data.deployments} onsetAt={data.incident.onsetAt} />
          <Actions actions={data.actions} />
          <Notifications notifications={data.notifications} escalation={data.escalation} incident={data.incident} />
          <Similar incidents={data.similar} />
        </div>
      </div>
    </article>
  );
}
