import type { TimelineEntry } from '@nightshift/types';
import { useState } from 'preact/hooks';
import { momentOf } from '../text/moments.ts';
import { Panel, Time } from './small.tsx';

/** What happened, as it happened: key moments, and everything when asked for. */
export function Timeline({ entries }: { entries: TimelineEntry[] }) {
  const [everything, setEverything] = useState(false);
  const moments = entries.map(momentOf);
  const hidden = moments.filter(({ key }) => !key).length;
  const shown = everything ? moments : moments.filter(({ key }) => key);
  return (
    <Panel
      title="Timeline"
      id="timeline"
      aside={
        hidden > 0 && (
          <button
            type="button"
            class="quiet small"
            aria-pressed={everything}
            onClick={() => setEverything(!everything)}
          >
            {everything ? 'Key moments only' : `All ${moments.length} events`}
          </button>
        )
      }
    >
      <ol class="timeline" aria-live="polite" aria-relevant="additions">
        {shown.map((moment) => (
          <li key={moment.seq} class={`tone-${moment.tone}`}>
            <span class="moment-time number">
              <Time at={moment.at} />
            </span>
            <span class="moment-dot" aria-hidden="true" />
            <div class="moment-text">
              <strong>{moment.text}</strong> <span class="muted">{moment.actor}</span>
              {moment.detail && <p>{moment.detail}</p>}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
