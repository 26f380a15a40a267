export { blastRadius } from './blast-radius.ts';
export { explain, type Decision, type Explanation } from './explanation.ts';
export { explanationInWords } from './explanation-in-words.ts';
export {
  defaultClassification,
  loadClassification,
  reclassify,
  watchClassification,
  type Classified,
  type Signal,
} from './classification.ts';
export { freezeInWords, freezeOf, frozenAt, loadFreezes, watchFreezes } from './freezes.ts';
export { exceededLimit, limitUses, quantityOf, type Refusal, type Use } from './limits.ts';
export { lintFolder, type Finding } from './lint.ts';
export { checkMatch, matchRunbooks, type Candidate, type Situation } from './match.ts';
export { beyondInstances, cachePrefix, declaredScale, noParams, scaleGoal } from './params.ts';
export { canonicalJson, planHash } from './plan-hash.ts';
export { planInWords, previewInWords, type Preview } from './preview.ts';
export { Recorded, replay, replayInWords } from './recorded.ts';
export { dependsInWords, progressOf } from './progress.ts';
export { waited, waitInWords, type Waited } from './wait.ts';
export { draftSteps } from './draft.ts';
