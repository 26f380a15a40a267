/** Recorded incidents: what was known when a runbook was chosen, to choose again from it. */
import {
  CheckName,
  CheckStatus,
  ExactName,
  Facts,
  IncidentType,
  inputLimits,
  reclassify,
  Severity,
  type ClassificationRules,
  type Considered,
} from '@nightshift/types';
import { z } from 'zod';
import { matchRunbooks, type Candidate } from './match.ts';

/** One file. `expect`: the runbook that should be chosen, null for none; absent: not said. */
export const Recorded = z.strictObject({
  schema: z.literal(1),
  name: z.string().min(1).max(200),
  incident: z.strictObject({
    type: IncidentType,
    severity: Severity,
    service: z.string().max(inputLimits.labelValueChars),
  }),
  signals: z
    .array(z.strictObject({ metric: z.string(), labels: z.record(z.string(), z.string()), severity: Severity }))
    .max(100),
  diagnostics: z
    .array(z.strictObject({ check: CheckName, target: z.string(), status: CheckStatus, facts: Facts }))
    .max(200),
  expect: ExactName.nullable().optional(),
});
export type Recorded = z.infer<typeof Recorded>;

export type Replayed = {
  name: string;
  chosen: string | null;
  considered: Considered[];
  /** Null where the recording does not say what it expects. */
  asExpected: boolean | null;
};

/** Which runbook a recorded incident would get now, were it the first decision, and why not the others. Pure. */
export function replay(
  candidates: Candidate[],
  { name, incident, signals, diagnostics, expect }: Recorded,
  classification: ClassificationRules,
): Replayed {
  const type = reclassify(classification, { type: incident.type, signals, diagnostics })?.type ?? incident.type;
  const { fitting, considered } = matchRunbooks(candidates, {
    incident: { ...incident, type },
    labels: signals.map(({ labels }) => labels),
    diagnostics,
    tried: new Set(),
  });
  const [chosen, ...others] = fitting.map(({ runbook }) => runbook.id);
  const outdone = others.map((runbook) => ({ runbook, reason: `fits as well, but ${chosen} is more specific` }));
  return {
    name,
    chosen: chosen ?? null,
    considered: [...outdone, ...considered].sort((a, b) => (a.runbook < b.runbook ? -1 : 1)),
    asExpected: expect === undefined ? null : expect === (chosen ?? null),
  };
}

/** One replay as lines for a terminal. */
export function replayInWords({ name, chosen, considered, asExpected }: Replayed): string[] {
  const mark = asExpected === null ? '' : asExpected ? ' (as expected)' : ' (NOT AS EXPECTED)';
  return [
    `${name}: ${chosen ?? 'no runbook'}${mark}`,
    ...considered.map(({ runbook, reason }) => `  not ${runbook}: ${reason}`),
  ];
}
