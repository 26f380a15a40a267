import { actionLimits, inputLimits, type Deployment } from '@nightshift/types';

/** One exact way back: from the version that runs to the one before it. */
export type Rollback = { deploymentId: string; from: string; to: string; deployedAt: number };
export type RollbackChoice = { ok: true; rollback: Rollback } | { ok: false; reason: string };

export type RollbackQuestion = {
  /** Of the target's service, newest first. */
  deployments: Deployment[];
  /** Versions that automation already left behind on this target. */
  leftBehind: ReadonlySet<string>;
  onsetAt: number;
  at: number;
};

/** The report of a deployment may come this much after the harm began; a later one cannot be the cause, it may be the repair. */
const reportDelayMs = 60_000;

/** The suspect is the newest deployment, if it is young enough, came before the harm, and it is known what ran before it. */
export function chooseRollback({ deployments, leftBehind, onsetAt, at }: RollbackQuestion): RollbackChoice {
  const [suspect, ...earlier] = deployments;
  if (!suspect) return no('no deployment of it is known');
  const tooOld = outsideRollbackWindow(suspect.deployedAt, at);
  if (tooOld) return no(`${suspect.version}: ${tooOld}`);
  if (suspect.deployedAt > onsetAt + reportDelayMs) {
    return no(`${suspect.version} was deployed after the trouble began: it may be the repair, not the cause`);
  }
  const to = suspect.previousVersion ?? earlier.find((deployment) => deployment.version !== suspect.version)?.version;
  if (to === undefined) return no(`it is not known what ran before ${suspect.version}`);
  if (to === suspect.version) return no(`${suspect.version} was deployed over itself: there is nothing to go back to`);
  if (leftBehind.has(to)) return no(`${to} was itself rolled back: going back to it would undo that`);
  return {
    ok: true,
    rollback: { deploymentId: suspect.id, from: suspect.version, to, deployedAt: suspect.deployedAt },
  };
}

/** Null, or why a deployment of that time may not be rolled back at `at` (both epoch ms, database clock). */
export function outsideRollbackWindow(deployedAt: number, at: number): string | null {
  const minutes = (ms: number) => Math.floor(ms / 60_000);
  const ageMs = at - deployedAt;
  if (ageMs > actionLimits.rollbackWindowMs) {
    return `limit rollbackWindow: deployed ${minutes(ageMs)} min ago, only the last ${minutes(actionLimits.rollbackWindowMs)} min may be rolled back`;
  }
  if (ageMs < -inputLimits.sampleAheadMs)
    return 'its deployment time lies in the future: its reporter has a wrong clock';
  return null;
}

const no = (reason: string): RollbackChoice => ({ ok: false, reason });
