import { noParams } from '@nightshift/runbooks';
import { plannedCall, refuse } from '../provider.ts';
import { nameOf, otherwise, refused, succeeded, type WorkloadAction } from './action.ts';
import { templateDigest } from './objects.ts';
import { revisionsOf, versionsOf, type Revision } from './revisions.ts';

/**
 * From one exact revision to another, both resolved when the plan is made: `kubectl rollout undo` without a number goes to "the one
 * before", so that a repeat of it undoes itself.
 */
export const rollback: WorkloadAction = {
  async plan({ target, type, params, rollback: way }, cluster, now) {
    const none = noParams(type, params);
    if (!none.ok) return refuse(none.reason);
    if (!way) return refuse('no deployment to roll back was found');
    const name = nameOf(target);
    const revisions = await revisionsOf(cluster, target, now);
    const digest = templateDigest(now.spec.template);
    const from = revisions.find((revision) => revision.digest === digest);
    if (!from)
      return { ok: false, reason: `a roll-out of ${name} has only begun: it has no revision yet`, again: true };
    if (!versionsOf(from.template).includes(way.from))
      return refuse(
        `${name} is at ${inWords(from)}, not at the deployed ${way.from}: it was changed since, or ${hint}`,
      );
    const to = revisions.find(
      (revision) =>
        revision.number < from.number && revision.digest !== digest && versionsOf(revision.template).includes(way.to),
    );
    if (!to)
      return refuse(`${name} keeps no revision of ${way.to}, only ${revisions.map(inWords).join(', ')}; or ${hint}`);
    await cluster.patch(to.patch(now), { dryRun: true });
    return plannedCall('idempotent', {
      params: { from: way.from, to: way.to, fromRevision: from.number, toRevision: to.number, revision: to.name },
      precondition: {
        uid: now.metadata.uid,
        template: digest,
        toTemplate: to.digest,
        version: way.from,
        deploymentId: way.deploymentId,
        deployedAt: way.deployedAt,
      },
      summary: `roll back ${name} from ${way.from} (revision ${from.number}) to ${way.to} (revision ${to.number}, ${to.name})`,
      undo: `roll ${name} forward to ${way.from} again`,
    });
  },

  async attempt({ target, action: { params, precondition } }, cluster, now) {
    const name = nameOf(target);
    const digest = templateDigest(now.spec.template);
    if (digest === precondition['toTemplate']) return succeeded(`${name} is at ${params['to']} already`);
    if (digest !== precondition['template'])
      return refused(`the pods of ${name} were redefined or restarted since the plan was made`);
    const revisions = await revisionsOf(cluster, target, now);
    const to = revisions.find((revision) => revision.name === params['revision']);
    if (!to || to.digest !== precondition['toTemplate']) return refused(`the revision ${params['revision']} is gone`);
    const changed = await cluster.patch(to.patch(now));
    return templateDigest(changed.spec.template) === to.digest
      ? succeeded(`${name} is being rolled back to ${params['to']}`)
      : otherwise(target);
  },
};

const hint =
  'its versions are neither image tags nor the label app.kubernetes.io/version of its pods, by which revisions are told';

const inWords = ({ number, template }: Revision) => `revision ${number} (${versionsOf(template).join(', ') || '?'})`;
