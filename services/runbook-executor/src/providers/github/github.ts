import { addressRefusal } from '@nightshift/runtime';
import { ActionType, type ActionParams, type PlannedAction } from '@nightshift/types';
import { z } from 'zod';
import { declaredCall } from '../declared.ts';
import { plannedCall, refuse, type PlanRequest, type PlanResult, type ProviderOf } from '../provider.ts';
import { bodyOf, judgeDispatch, mayPass, openGithub, words, type Github, type GithubTarget } from './api.ts';
import { findRun, followRun, resultOf } from './run.ts';

const Workflow = z.object({ path: z.string(), state: z.string() });
const File = z.object({ sha: z.string() });

/**
 * Dispatches a workflow and follows its run to the end. GitHub knows no idempotency key: one input carries the action's id, and the
 * workflow's run-name must show it, so that a run can be found again.
 */
export const githubProvider: ProviderOf<'github'> = {
  supports: ActionType.options,

  async plan(request) {
    const { target, type, params, rollback } = request;
    const declared = declaredCall(type, params, rollback);
    if (!declared.ok) return refuse(declared.reason);
    const read = await readWorkflow(request);
    if (!read.ok) return read;
    const { words: what, ...call } = declared.value;
    return plannedCall('probe', {
      params: call.params,
      precondition: { ...call.precondition, workflowSha: read.sha },
      summary: `run ${target.workflow} of ${target.repository} at ${target.ref} to ${what}`,
      undo: `whatever undoes "${type}" on ${target.id}; its workflow knows`,
    });
  },

  async send({ target, action, key, incidentId, env, signal }) {
    const opened = openGithub(target, env, signal);
    if (!opened.ok) return { outcome: 'failed', detail: opened.reason, again: false };
    const { github } = opened;
    const file = await workflowFile(github, target);
    if (!file.ok) return { outcome: 'failed', detail: file.reason, again: file.again };
    if (file.sha !== action.precondition['workflowSha'])
      return { outcome: 'refused', detail: `${target.workflow} was changed since the plan was made` };
    const inputs = inputsFor(target, action, key, incidentId);
    const answer = await github('POST', `/actions/workflows/${target.workflow}/dispatches`, {
      ref: target.ref,
      inputs,
    });
    if (answer.kind !== 'answer' || answer.status < 200 || answer.status >= 300) return judgeDispatch(answer);
    return followRun({ github, workflow: target.workflow, key, everySeconds: target.everySeconds, signal });
  },

  /** A run that was found is followed: that it was started does not say how it ended. */
  async probe({ target, key, env, signal }) {
    const opened = openGithub(target, env, signal);
    const found = opened.ok ? await findRun(opened.github, target.workflow, key) : null;
    if (!opened.ok || !found?.ok) return 'unknown';
    if (!found.run) return 'not_done';
    const { github } = opened;
    const { workflow, everySeconds } = target;
    return { ended: resultOf(found.run) ?? (await followRun({ github, workflow, key, everySeconds, signal })) };
  },

  async couldRollBack(request) {
    const read = await readWorkflow(request);
    if (!read.ok) return read;
    return plannedCall('probe', { params: {}, precondition: {}, summary: `run ${request.target.workflow}`, undo: '' });
  },
};

type Read = { ok: true; sha: string } | Extract<PlanResult, { ok: false }>;

/** The workflow as it is at the ref, if it may be dispatched: its file's hash is what the plan is pinned to. */
async function readWorkflow({ target, env, signal }: PlanRequest<GithubTarget>): Promise<Read> {
  const opened = openGithub(target, env, signal);
  if (!opened.ok) return no(opened.reason);
  const refusal = await addressRefusal(opened.base, { allowPrivate: target.allowPrivate ?? false });
  return refusal ? no(refusal) : workflowFile(opened.github, target);
}

async function workflowFile(github: Github, { workflow, ref }: GithubTarget): Promise<Read> {
  const answer = await github('GET', `/actions/workflows/${workflow}`);
  const known = bodyOf(answer, Workflow);
  if (!known) return no(`${workflow}: ${words(answer)}`, mayPass(answer));
  if (known.state !== 'active') return no(`${workflow} is ${known.state}`);
  const path = known.path.split('/').map(encodeURIComponent).join('/');
  const content = await github('GET', `/contents/${path}?ref=${encodeURIComponent(ref)}`);
  const file = bodyOf(content, File);
  return file ? { ok: true, sha: file.sha } : no(`${known.path} at ${ref}: ${words(content)}`, mayPass(content));
}

const no = (reason: string, again = false): Read => ({ ok: false, reason, again });

/** `{id}` and its like in the inputs of the catalogue become what they stand for; a name that means nothing here stays empty. */
function inputsFor({ inputs }: GithubTarget, action: PlannedAction, key: string, incident: string) {
  const { params, type, target } = action;
  const known: ActionParams = { ...params, id: key, incident, action: type, target };
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_all, name: string) => String(known[name] ?? ''));
  return Object.fromEntries(Object.entries(inputs).map(([name, text]) => [name, fill(text)]));
}
