import type { Action } from '@nightshift/types';
import { actionWords } from '../text/words.ts';
import { Chip, Panel, Time } from './small.tsx';

/** What was tried, and what came of it. What is only planned stands in its proposal. */
export function Actions({ actions }: { actions: Action[] }) {
  const tried = actions.filter(({ state }) => state !== 'planned');
  return (
    <Panel title="Actions tried" id="actions">
      {tried.length === 0 && <p class="muted">None so far.</p>}
      <ul class="plain">
        {tried.map((action) => {
          const { text, tone } = actionWords[action.state];
          return (
            <li key={action.id}>
              <Chip tone={tone}>{text}</Chip> {action.summary}
              <br />
              <span class="muted">
                {action.finishedAt !== null ? (
                  <Time at={action.finishedAt} />
                ) : action.admittedAt !== null ? (
                  <Time at={action.admittedAt} />
                ) : null}
                {action.attempts > 1 && `, ${action.attempts} attempts`}
                {action.detail !== null && action.detail !== '' && `: ${action.detail}`}
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
