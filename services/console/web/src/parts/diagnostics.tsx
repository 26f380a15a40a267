import type { ShownDiagnostic } from '../../../src/wire.ts';
import { checkTones, plain } from '../text/words.ts';
import { Ago, Chip, Panel } from './small.tsx';

/** What the checks found: trouble open, the rest folded. */
export function Diagnostics({ results }: { results: ShownDiagnostic[] }) {
  if (results.length === 0) {
    return (
      <Panel title="Diagnostics" id="diagnostics">
        <p class="muted">Nothing looked at yet.</p>
      </Panel>
    );
  }
  const newest = Math.max(...results.map(({ takenAt }) => takenAt));
  return (
    <Panel
      title="Diagnostics"
      id="diagnostics"
      aside={
        <span class="muted">
          looked <Ago at={newest} />
        </span>
      }
    >
      {results.map((result) => (
        <details key={`${result.check} ${result.target}`} class="check" open={result.status !== 'ok'}>
          <summary>
            <Chip tone={checkTones[result.status]}>{result.status}</Chip>
            <span class="check-name">{plain(result.check)}</span>
            <span class="muted">{result.target}</span>
          </summary>
          <p class="output">{result.output || 'no output'}</p>
          <dl class="facts small">
            {Object.entries(result.facts).map(([name, value]) => [
              <dt key={`${name} name`}>{name}</dt>,
              <dd key={name}>{value === null ? '–' : String(value)}</dd>,
            ])}
            <dt>taken</dt>
            <dd>
              <Ago at={result.takenAt} />, in {Math.round(result.durationMs)} ms
            </dd>
          </dl>
        </details>
      ))}
    </Panel>
  );
}
