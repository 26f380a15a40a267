import { cacheFolder, noParams } from '@nightshift/runbooks';
import { errorMessage, type ActionParams, type ActionType, type SshAccess } from '@nightshift/types';
import { refuse, type PlanResult, type ProviderOf } from '../provider.ts';
import { planClear, sendClear, type Clearing } from './folder.ts';
import { onMachine, type HostTarget } from './there.ts';
import { planRestart, probeRestart, sendRestart } from './unit.ts';

const planMs = 20_000;

/**
 * Machines over SSH: one systemd unit is restarted, old files under one allow-listed folder are removed. Nothing else can be run: the
 * programs and their arguments are fixed here, and unit and folder are those of the catalogue, to the letter.
 */
export const sshProvider: ProviderOf<'host'> = {
  supports: ['restart_service', 'clear_cache'],

  async plan({ target, type, params, env, signal }) {
    const named = naming(target, type, params);
    if (!named.ok) return refuse(named.reason);
    try {
      return await onMachine(named.ssh, { env, signal, limitMs: planMs }, (there) =>
        named.unit === undefined ? planClear(there, named) : planRestart(there, named.unit),
      );
    } catch (error) {
      return { ok: false, reason: errorMessage(error), again: mayPass(error) } satisfies PlanResult;
    }
  },

  async send({ target, action, env, signal }) {
    const named = naming(target, action.type, action.params);
    if (!named.ok) return { outcome: 'refused', detail: named.reason };
    try {
      return await onMachine(named.ssh, { env, signal, limitMs: action.timeoutMs }, (there) =>
        named.unit === undefined
          ? sendClear(there, named, action.precondition)
          : sendRestart(there, named.unit, String(action.precondition['invocation'])),
      );
    } catch (error) {
      return { outcome: 'failed', detail: `nothing was done: ${errorMessage(error)}`, again: mayPass(error) };
    }
  },

  async probe({ target, action, env, signal }) {
    const named = naming(target, action.type, action.params);
    if (!named.ok || named.unit === undefined) return 'unknown';
    const { ssh, unit } = named;
    return onMachine(ssh, { env, signal, limitMs: action.timeoutMs }, (there) =>
      probeRestart(there, unit, String(action.precondition['invocation'])),
    ).catch(() => 'unknown' as const);
  },
};

type Named = { ok: true; ssh: SshAccess } & ({ unit: string } | ({ unit: undefined } & Clearing));

/** What the action is about, by the catalogue as it is now. */
function naming(target: HostTarget, type: ActionType, params: ActionParams): Named | { ok: false; reason: string } {
  const { ssh, unit, clear, id } = target;
  const no = (reason: string) => ({ ok: false as const, reason });
  if (!ssh) return no(`${id} has no ssh in the catalogue: nothing is done to the machine that Nightshift runs on`);
  if (type === 'restart_service') {
    const none = noParams(type, params);
    if (!none.ok) return no(none.reason);
    return unit === undefined
      ? no(`${id} has no unit in the catalogue: nothing there may be restarted`)
      : { ok: true, ssh, unit };
  }
  const wanted = cacheFolder(params);
  if (!wanted.ok) return no(wanted.reason);
  if (!clear) return no(`${id} has no "clear" in the catalogue: nothing there may be removed`);
  const { folders, olderThanMinutes } = clear;
  const allowed = folders.join(', ');
  if (wanted.value === undefined && folders.length > 1)
    return no(`${id} allows several folders (${allowed}): the runbook must name one`);
  const folder = wanted.value ?? folders[0]!;
  if (!folders.includes(folder)) return no(`"${folder}" is none of the folders that the catalogue allows (${allowed})`);
  return { ok: true, ssh, unit: undefined, folder, olderThanMinutes };
}

/** A machine that does not answer may answer later; another host key, or a refused login, is for a person. */
const mayPass = (error: unknown) =>
  /ECONN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|handshake within|hung up|cut while/.test(errorMessage(error));
