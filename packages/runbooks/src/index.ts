export { blastRadius } from './blast-radius.ts';
export { exceededLimit, limitUses, quantityOf, type Refusal, type Use } from './limits.ts';
export { lintFolder, type Finding } from './lint.ts';
export { checkMatch, matchRunbooks, type Candidate, type Situation } from './match.ts';
export { cachePrefix, declaredScale, noParams, scaleGoal } from './params.ts';
export { planHash } from './plan-hash.ts';
export { planInWords, previewInWords, type Preview } from './preview.ts';
