/** Recorded incidents: what was known when a runbook was chosen, to choose again from it. */
import {
  CheckName,
  CheckStatus,
  ExactName,
  Facts,
  IncidentType,
  classify,
  inputLimits,
  reclassify,
  Severity,
  type ClassificationRules,
  type Classified,
  type Considered,
} from '@nightshift/types';
import { z } from 'zod';
import { classifiedInWords } from './explanation-in-words.ts';
import { matchRunbooks, type Candidate } from './match.ts';

/** One file. `expect`: the runbook that should be chosen, null for none; absent: not said. */
export const Recorded = z.strictObject({
  schema: z.literal(1),
  name: z.string().min(1).max(200),
  incident: z.strictObject({
    /** What it was taken for before its facts were in; absent: what its signals speak of. */
    type: IncidentType.optional(),
    severity: Severity,
    service: z.string().max(inputLimits.labelValueChars),
  }),
  signals: z
    .array(
      z.strictObject({
        metric: z.string(),
        labels: z.record(z.string(), z.string()),
        severity: Severity,
        alert: z.boolean().optional(),
      }),
    )
    .max(100),
  diagnostics: z
    .array(z.strictObject({ check: CheckName, target: z.string(), status: CheckStatus, facts: Facts }))
    .max(200),
  /** Runbooks that had been tried already; absent: it is the first decision. */
  tried: z.array(ExactName).max(100).optional(),
  expect: ExactName.nullable().optional(),
});
export type Recorded = z.infer<typeof Recorded>;

export type Replayed = {
  name: string;
  /** What it is taken for, where rules said so: first by its signals, then by its facts. */
  classified: Classified[];
  chosen: string | null;
  considered: Considered[];
  /** Null where the recording does not say what it expects. */
  asExpected: boolean | null;
};

/** Which runbook a recorded incident would get now, and why not the others. Pure. */
export function replay(
  candidates: Candidate[],
  { name, incident, signals, diagnostics, tried, expect }: Recorded,
  classification: ClassificationRules,
): Replayed {
  const atFirst = incident.type === undefined ? classify(classification, signals) : null;
  const before = incident.type ?? atFirst!.type;
  const withFacts = reclassify(classification, { type: before, signals, diagnostics });
  const type = withFacts?.type ?? before;
  const { fitting, considered } = matchRunbooks(candidates, {
    incident: { ...incident, type },
    labels: signals.map(({ labels }) => labels),
    diagnostics,
    tried: new Set(tried),
  });
  const [chosen, ...others] = fitting.map(({ runbook }) => runbook.id);
  const outdone = others.map((runbook) => ({ runbook, reason: `fits as well, but ${chosen} is more specific` }));
  return {
    name,
    classified: [atFirst, withFacts].filter((each) => each !== null),
    chosen: chosen ?? null,
    considered: [...outdone, ...considered].sort((a, b) => (a.runbook < b.runbook ? -1 : 1)),
    asExpected: expect === undefined ? null : expect === (chosen ?? null),
  };
}

/** One replay as lines for a terminal. */
export function replayInWords({ name, classified, chosen, considered, asExpected }: Replayed): string[] {
  const mark = asExpected === null ? '' : asExpected ? ' (as expected)' : ' (NOT AS EXPECTED)';
  return [
    `${name}: ${chosen ?? 'no runbook'}${mark}`,
    ...classified.map((each) => `  taken for ${classifiedInWords(each)}`),
    ...considered.map(({ runbook, reason }) => `  not ${runbook}: ${reason}`),
  ];
}
