import type { Deployment } from '@nightshift/types';
import { span } from '../text/format.ts';
import { isWebAddress } from '../text/markdown.ts';
import { Panel, Time } from './small.tsx';

/** What was changed around the onset. */
export const Changes = ({ deployments, onsetAt }: { deployments: Deployment[]; onsetAt: number }) => (
  <Panel title="Recent changes" id="changes">
    {deployments.length === 0 && <p class="muted">No deployment of this service in the two hours before.</p>}
    <ul class="plain">
      {deployments.map((deployment) => (
        <li key={deployment.id}>
          <strong>{deployment.version}</strong>
          {deployment.previousVersion !== null && <span class="muted"> after {deployment.previousVersion}</span>}
          {deployment.by !== null && <span class="muted"> by {deployment.by}</span>}
          <br />
          <span class="muted">
            <Time at={deployment.deployedAt} />, {relative(deployment.deployedAt - onsetAt)}
          </span>
          {deployment.url !== null && isWebAddress(deployment.url) && (
            <>
              {' '}
              <a href={deployment.url} rel="noreferrer noopener" target="_blank">
                details
              </a>
            </>
          )}
        </li>
      ))}
    </ul>
  </Panel>
);

const relative = (ms: number) => (ms <= 0 ? `${span(-ms)} before it began` : `${span(ms)} after it began`);
