import { useState } from 'preact/hooks';
import type { KillSwitchState } from '../../../src/wire.ts';
import { post } from '../data/api.ts';
import { ReasonDialog } from './dialog.tsx';
import { Ago } from './small.tsx';

type Props = { state: KillSwitchState | null; onChanged: () => void };

/** Always in sight: whether automation may act, and the switch that stops it. */
export function KillSwitch({ state, onChanged }: Props) {
  const [asking, setAsking] = useState(false);
  const on = state?.on ?? false;
  return (
    <>
      <button
        type="button"
        class={`kill-switch ${on ? 'stopped' : ''}`}
        disabled={state === null}
        onClick={() => setAsking(true)}
        title={on ? 'Let automatic actions go on' : 'Stop all automatic actions'}
      >
        <span class="lamp" aria-hidden="true" />
        Kill switch {on ? 'on' : 'off'}
      </button>
      {asking && (
        <ReasonDialog
          title={on ? 'Let automatic actions go on?' : 'Stop all automatic actions?'}
          label="Why?"
          required
          action={on ? 'Let them go on' : 'Stop everything'}
          danger={!on}
          onClose={() => setAsking(false)}
          onConfirm={async (reason) => {
            await post('/api/kill-switch', { on: !on, reason });
            onChanged();
          }}
        >
          <p>
            {on
              ? 'Runbooks in automatic mode act again at once, inside the same limits as before.'
              : 'No action will be started, on any service, until a person lets them go on. An action that is being sent at this moment ends as it ends. Detection, diagnostics and paging go on.'}
          </p>
        </ReasonDialog>
      )}
    </>
  );
}

/** While everything is stopped, every view says so, by whom and why. */
export const StoppedBanner = ({ state }: { state: KillSwitchState | null }) =>
  state?.on ? (
    <p class="stopped-banner" role="status">
      <strong>All automatic actions are stopped.</strong> {state.by}, <Ago at={state.at} />: {state.reason}
    </p>
  ) : null;
