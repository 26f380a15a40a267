import { useState } from 'preact/hooks';
import type { IncidentDetail } from '../../../src/wire.ts';
import { span } from '../text/format.ts';
import { Markdown } from './markdown.tsx';
import { Panel } from './small.tsx';

const phaseNames = {
  onsetToDetectedMs: 'detect',
  detectedToDiagnosedMs: 'diagnose',
  diagnosedToActedMs: 'act',
  actedToResolvedMs: 'prove recovery',
} as const;

/** What will be read tomorrow: where the minutes went, and the text. */
export function PostmortemPanel({ postmortem }: { postmortem: NonNullable<IncidentDetail['postmortem']> }) {
  const [copied, setCopied] = useState(false);
  const copy = () => navigator.clipboard?.writeText(postmortem.markdown).then(() => setCopied(true));
  return (
    <Panel
      title="Postmortem"
      id="postmortem"
      aside={
        <button type="button" class="quiet small" onClick={() => void copy()}>
          {copied ? 'Copied' : 'Copy Markdown'}
        </button>
      }
    >
      <dl class="phases">
        {Object.entries(phaseNames).map(([key, name]) => {
          const ms = postmortem.phases[key as keyof typeof phaseNames];
          return (
            <div key={key}>
              <dt>{name}</dt>
              <dd class="number">{ms === null ? '–' : span(ms)}</dd>
            </div>
          );
        })}
        <div>
          <dt>in all</dt>
          <dd class="number">{postmortem.phases.totalMs === null ? '–' : span(postmortem.phases.totalMs)}</dd>
        </div>
      </dl>
      <details class="postmortem-text">
        <summary>Read it</summary>
        <Markdown text={postmortem.markdown} />
      </details>
    </Panel>
  );
}
