import {
  incidentText,
  proposeSensitivities,
  startBacktest,
  type BacktestResult,
  type Tuning,
} from '@nightshift/backtest';
import type { Db } from '@nightshift/db';
import { DetectionRule, type DetectionConfig } from '@nightshift/types';
import { pastIncidents } from '../past-incidents.ts';
import { startProgress } from '../progress.ts';
import { presentClassification, presentSettings, readSettings } from '../settings.ts';
import { storedSamples } from '../stored-samples.ts';
import { withDatabase } from './database.ts';

export type TuneOptions = { days: number; rules?: string; json: boolean };

/**
 * What people called false positives, turned into a sensitivity for each rule that had a part in them: which would not have opened,
 * that none of the others would have been lost, and what it would have changed of the samples that are recorded. A person applies it.
 */
export const tune = ({ days, rules, json }: TuneOptions): Promise<number> =>
  withDatabase(async (db) => {
    const { config, from } = rules ? await readSettings(rules) : await presentSettings({ running: true });
    const incidents = await pastIncidents(db, days);
    const falsePositives = incidents.filter(({ falsePositive }) => falsePositive).length;
    const tuning = proposeSensitivities(incidents, config, await presentClassification());
    const replayed = tuning.proposals.length > 0 ? await replay(db, tuning.changed, config) : null;
    if (json) {
      const { changed: _, ...rest } = tuning;
      const replay = replayed && { incidents: replayed.incidents, comparison: replayed.comparison };
      process.stdout.write(
        `${JSON.stringify({ settings: from, incidents: incidents.length, falsePositives, ...rest, replay })}\n`,
      );
      return 0;
    }
    const head = `${incidents.length} incidents of the last ${days} days, ${falsePositives} of them called false positives; settings: ${from}`;
    process.stdout.write(`${[head, ...inWords(tuning, falsePositives), ...replayInWords(replayed)].join('\n')}\n`);
    return 0;
  });

/** What the changed settings would have made of the recorded samples; null where none are. */
async function replay(db: Db, config: DetectionConfig, against: DetectionConfig): Promise<BacktestResult | null> {
  const stored = await storedSamples(db, {});
  const test = startBacktest({ config, classification: await presentClassification(), against });
  const progress = startProgress('recordings', stored.rows);
  const samples = await stored.replay(test, (more) => {
    progress.rows(more);
    progress.done();
  });
  progress.end();
  return samples > 0 ? test.result() : null;
}

function inWords({ proposals, hopeless, undecided }: Tuning, falsePositives: number): string[] {
  const lines: string[] = [];
  for (const { rule, replaces, from, to, falsePositives: of, prevented } of proposals) {
    const place = replaces === null ? 'a new rule' : `rule ${replaces + 1}`;
    lines.push(
      '',
      `${place}, ${rule.metric}: sensitivity ${from} -> ${to}`,
      `  had a part in ${of.length} false positives; ${prevented.length} would not have opened: ${prevented.join(', ')}`,
    );
  }
  for (const { rule, falsePositives: of, reason } of hopeless)
    lines.push(
      '',
      `${rule.metric}: had a part in ${of.length} false positives, but ${reason}. A minEffect, or another runbook, may.`,
    );
  if (proposals.length > 0)
    lines.push(
      '',
      'None of the other incidents would have been lost. For detection.yaml (nothing is changed by itself):',
      '',
      'rules:',
      ...proposals.map(
        ({ rule, replaces }) => `  - ${yamlOf(rule)}${replaces === null ? '' : ` # instead of rule ${replaces + 1}`}`,
      ),
    );
  else if (falsePositives === 0)
    lines.push('', 'Nothing to propose: call incidents false positives in the console first.');
  if (undecided.length > 0)
    lines.push(
      '',
      `Left out, because what is recorded of them does not open them under these settings: ${undecided.join(', ')}`,
    );
  return lines;
}

function replayInWords(result: BacktestResult | null): string[] {
  return result ? ['', 'Of the samples that are recorded:', ...incidentText(result)] : [];
}

/** A rule on one line: what it says beyond the defaults. */
function yamlOf(rule: DetectionRule): string {
  const defaults: Record<string, unknown> = DetectionRule.parse({ metric: rule.metric });
  const said = Object.entries(rule).filter(
    ([name, value]) =>
      name === 'metric' || (value !== undefined && JSON.stringify(value) !== JSON.stringify(defaults[name])),
  );
  return `{ ${said.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ')} }`;
}
