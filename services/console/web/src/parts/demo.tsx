import { useEffect, useState } from 'preact/hooks';
import type { Demo } from '../../../src/wire.ts';
import { get, post, remove } from '../data/api.ts';
import { useAttempt } from '../data/attempt.ts';
import { Refused } from './refused.tsx';
import { Chip, Panel } from './small.tsx';

const words: Record<string, { button: string; about: string }> = {
  'bad-deploy': {
    button: 'Deploy a bad version',
    about: 'It answers 500s. Expect a rollback to the exact version before.',
  },
  crash: { button: 'Crash a process', about: 'It dies. Expect a restart.' },
  mystery: { button: 'Something strange', about: 'Nothing matches. Expect a page with everything known.' },
  overload: { button: 'Double the load', about: 'More than one instance can take. Expect one more of them.' },
  'fix-fails': {
    button: 'Deploy what no rollback mends',
    about: 'It spoils the price list. Expect two remedies that do not help, then one page with both.',
  },
  'disk-full': { button: 'Fill the disk', about: 'Of the receipts. Expect its old temporary files to go.' },
};
const everyMs = 3_000;

/** Breaks the demo shop, for real. */
export function DemoPanel() {
  const [demo, setDemo] = useState<Demo | null>(null);
  const [said, setSaid] = useState('');
  const { busy, refusal, attempt } = useAttempt();
  const look = () => get<Demo>('/api/faults').then(setDemo, () => setDemo(null));
  useEffect(() => {
    void look();
    const timer = setInterval(() => void (document.hidden || look()), everyMs);
    return () => clearInterval(timer);
  }, []);
  const cause = (scenario: string) =>
    attempt(async () => {
      await post(`/api/faults/${scenario}`);
      setSaid('Done. The incident appears above once the signals have left their bands, usually within half a minute.');
      await look();
    });
  const undo = () =>
    attempt(async () => {
      await remove('/api/faults');
      setSaid('The shop is as it was.');
      await look();
    });
  return (
    <Panel title="Demo shop" id="demo" class="demo" aside={<Processes demo={demo} />}>
      <div class="faults">
        {Object.entries(words).map(([scenario, { button, about }]) => (
          <div key={scenario}>
            <button type="button" class="fault" disabled={busy} onClick={() => void cause(scenario)}>
              {button}
            </button>
            <p class="muted">{about}</p>
          </div>
        ))}
      </div>
      <p class="demo-said">
        <span role="status">{said}</span>
        <button type="button" class="quiet small" disabled={busy} onClick={() => void undo()}>
          Undo every fault
        </button>
      </p>
      <Refused refusal={refusal} />
    </Panel>
  );
}

const Processes = ({ demo }: { demo: Demo | null }) => (
  <span class="processes">
    {demo?.processes.map(({ name, state, version }) => (
      <Chip key={name} tone={state === 'running' ? 'good' : 'bad'}>
        {name} {version} {state === 'running' ? '' : state}
      </Chip>
    ))}
  </span>
);
