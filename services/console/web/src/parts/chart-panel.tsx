import { signalName } from '@nightshift/types/signal-name';
import { useState } from 'preact/hooks';
import type { IncidentDetail } from '../../../src/wire.ts';
import { usePoints } from '../data/points.ts';
import { figure } from '../text/format.ts';
import { markersOf } from '../text/moments.ts';
import { isOver } from '../text/words.ts';
import { Chart } from './chart.tsx';
import { Panel } from './small.tsx';

/** The offending metric with the band it should be in, and what was done when; other signals of the incident by a click. */
export function ChartPanel({ detail }: { detail: IncidentDetail }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const series = detail.series.find(({ seriesId }) => seriesId === chosen) ?? detail.series[0];
  const live = !isOver(detail.incident) || detail.incident.state === 'resolved';
  const points = usePoints(detail.incident.id, series?.seriesId ?? null, series?.points ?? null, live);
  if (!series) {
    return (
      <Panel title="Signals" id="signals">
        <p class="muted">No samples are kept for this incident yet.</p>
      </Panel>
    );
  }
  const last = points && points.at.length > 0 ? points.at.length - 1 : null;
  return (
    <Panel title="Signals" id="signals">
      <div class="series-tabs" role="group" aria-label="Signals of this incident">
        {detail.series.map((each) => (
          <button
            key={each.seriesId}
            type="button"
            class={`series-tab ${each.anomalous ? 'anomalous' : ''}`}
            aria-pressed={each.seriesId === series.seriesId}
            title={labelsOf(each.labels)}
            onClick={() => setChosen(each.seriesId)}
          >
            {signalName(each.metric)}
          </button>
        ))}
      </div>
      <p class="series-labels muted">
        <code>{labelsOf(series.labels)}</code>
        {points && last !== null && (
          <span class="number">
            {' '}
            now {figure(points.value[last])}
            {points.low[last] != null && `, normal ${figure(points.low[last])} to ${figure(points.high[last])}`}
          </span>
        )}
      </p>
      {points && points.at.length > 0 ? (
        <Chart
          metric={signalName(series.metric)}
          points={points}
          markers={markersOf(detail.timeline, detail.deployments)}
        />
      ) : (
        <p class="muted">{points ? 'No samples of this signal are kept.' : 'Loading …'}</p>
      )}
    </Panel>
  );
}

const labelsOf = (labels: Record<string, string>) =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')}}`;
