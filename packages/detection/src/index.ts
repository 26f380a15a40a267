export { createDetector } from './create.ts';
export { alarmScore } from './adaptive/constants.ts';
export { groupEvidence, type GroupEvidence } from './evidence.ts';
export { classify, classifyMetric } from './classify.ts';
export { evaluateComposite, type CompositeInput, type CompositeResult, type Signal } from './composite.ts';
export { type Detector, type Dropped, type HistoryPoint, type Reason, type Silence, type Verdict } from './detector.ts';
export { judgeRecovery, type RecoveryInput, type RecoveryResult, type WatchedSeries } from './recovery.ts';
export { harms, ruleFor, type Rule } from './rules.ts';
