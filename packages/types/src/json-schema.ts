import { z } from 'zod';
import { Catalogue } from './catalogue.ts';
import { Classification } from './classification.ts';
import { DetectionConfig } from './detection-config.ts';
import { FreezeFile } from './freeze.ts';
import { OnCall } from './oncall.ts';
import { Runbook } from './runbook.ts';

/** The files that people write, and what validates each. */
const files = {
  catalogue: Catalogue,
  runbook: Runbook,
  classification: Classification,
  detection: DetectionConfig,
  oncall: OnCall,
  freezes: FreezeFile,
};
export type SchemaName = keyof typeof files;
export const schemaNames = Object.keys(files) as SchemaName[];

/** JSON Schema (2020-12) of a file as people write it, for editors. What only a program can check is checked when it is loaded. */
export function jsonSchema(name: SchemaName): object {
  return { title: `Nightshift ${name}`, ...z.toJSONSchema(files[name], { io: 'input', unrepresentable: 'any' }) };
}
