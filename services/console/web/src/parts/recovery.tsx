import type { IncidentState } from '@nightshift/types';
import { signalName } from '@nightshift/types/signal-name';
import type { IncidentDetail, Recovery, RecoveryRule } from '../../../src/wire.ts';
import { plural, span } from '../text/format.ts';
import { Panel } from './small.tsx';

/** While recovery is verified: how far each signal is on its way back. */
export function RecoveryPanel({ recovery, state }: { recovery: IncidentDetail['recovery']; state: IncidentState }) {
  if (!recovery || recovery.series.length === 0 || state !== 'verifying') return null;
  const { rule } = recovery;
  return (
    <Panel
      title="Verifying recovery"
      id="recovery"
      aside={rule && <span class="muted">every signal back in its band for {span(rule.holdMs)}</span>}
    >
      <ul class="recovery">
        {recovery.series.map((each) => (
          <li key={each.seriesId}>
            <span>{signalName(each.metric)}</span>
            {rule && <progress max={1} value={progressOf(each, rule)} aria-label={`Recovery of ${each.metric}`} />}
            <span class="number">
              {each.cleanSamples}
              {rule && ` of ${rule.minSamples}`} clean {rule || each.cleanSamples !== 1 ? 'samples' : 'sample'},{' '}
              {each.lastAt === null ? 'no data yet' : span(each.cleanMs)}
            </span>
          </li>
        ))}
      </ul>
      {recovery.series.some(({ lastAt }) => lastAt === null) && (
        <p class="muted">No data is not recovery: {plural(recovery.series.length, 'signal')} must report.</p>
      )}
    </Panel>
  );
}

const progressOf = ({ cleanSamples, cleanMs }: Recovery, { minSamples, holdMs }: RecoveryRule) =>
  Math.min(1, cleanSamples / minSamples, cleanMs / holdMs);
