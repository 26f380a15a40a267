export { createDetector } from './create.ts';
export { alarmScore } from './adaptive/constants.ts';
export { correlate, type Decision, type EndedIncident, type Held, type OpenIncident } from './correlate.ts';
export {
  calibrateEvidence,
  evidenceScore,
  evidenceWindow,
  youngMs,
  youth,
  type EvidenceTail,
  type EvidenceWindow,
} from './evidence.ts';
export { groupEvidence } from './group.ts';
export { type Signal } from './composite.ts';
export { type Detector, type Dropped, type HistoryPoint, type Reason, type Silence, type Verdict } from './detector.ts';
export { judgeRecovery, type RecoveryInput, type RecoveryResult, type WatchedSeries } from './recovery.ts';
export { type Room } from './room.ts';
export { rankSuspects, sicknessOf, type Known, type Sickness, type Suspect } from './suspects.ts';
export { findRule, harmfulSides, ruleFor, type Rule } from './rules.ts';
export { roleOf, type Inputs, type KnownSeries } from './signals/role.ts';
export { createSignals, type Signals, type SignalSample } from './signals/signals.ts';
export { type Judgement } from './signals/threshold.ts';
