export { approvalColumns, decideApproval, type Verdict } from './approval.ts';
export { listAudit, noteConfigVersion, verifyAudit, type AuditEntry } from './audit.ts';
export { closeBreaker, mindBreaker, readBreaker, sickServices, tooManySick, type Breaker } from './breaker.ts';
export { decide, isUndecided, type Decision } from './decide.ts';
export { calmForMs } from './flap.ts';
export { addFreeze, declaredFreezes, endFreeze, listFreezes } from './freezes.ts';
export { passGate, readKillSwitch, setKillSwitch, type KillSwitch } from './kill-switch.ts';
export {
  answerOverride,
  askOverrides,
  endOverride,
  importOverrides,
  listOverrides,
  overridesWithin,
} from './overrides.ts';
export { startLoop, type Loop } from './loop.ts';
export { raise, type Alarm, type Raised } from './raise.ts';
export { startRelay } from './relay.ts';
export { evidenceInWords, promotionProposed, successInterval } from './evidence.ts';
export { findIncident, incidentColumns, timeline } from './rows.ts';
export { changeMode, effectiveMode, evidenceOf, isLower, modeChange } from './runbook-mode.ts';
export { incidentSignals, type IncidentSignal } from './signals.ts';
export { addSilence, endSilence, listSilences, silencesInForce } from './silences.ts';
export { runStage, type StageContext, type StageHandler, type StageOutcome } from './stage.ts';
export { finishJob, step, stepIn, type StepOptions, type StepResult } from './step.ts';
export { startSweeper } from './sweeper.ts';
export { noteBreaches, pruneBreaches, readBreaches, refusedForMemory, type Breach } from './why-not.ts';
