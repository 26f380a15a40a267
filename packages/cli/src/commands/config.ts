import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CommonConfig, describeConfig, type ConfigVariable } from '@nightshift/runtime';
import type { ServiceName } from '@nightshift/types';
import type { z } from 'zod';
import { root } from '../folders.ts';
import { oneOfEach } from '../system.ts';

/** What this command itself reads. */
const own: ConfigVariable[] = [
  {
    name: 'NIGHTSHIFT_DATA_DIR',
    description: 'Folder of everything that `dev` keeps',
    default: '.nightshift in the clone',
    required: false,
  },
  {
    name: 'DATABASE_URL',
    description: 'A Postgres to use instead of the embedded one',
    default: undefined,
    required: false,
  },
  {
    name: 'QUEUE_URL',
    description: 'A Redis or Postgres to use as the queue',
    default: 'DATABASE_URL',
    required: false,
  },
];

/** Every variable of every service, read from the schemas that the services parse them with. */
export async function config(options: { json: boolean }): Promise<number> {
  const sections: Record<string, ConfigVariable[]> = { 'every service': describeConfig(CommonConfig) };
  for (const service of Object.keys(oneOfEach) as ServiceName[]) {
    const file = join(root, 'services', service, 'dist/config.js');
    // Loaded when asked for: this command starts services, it is not made of them.
    const { Config } = (await import(pathToFileURL(file).href)) as { Config: z.ZodObject };
    sections[service] = describeConfig(Config);
  }
  sections['the command nightshift'] = own;
  process.stdout.write(
    options.json ? `${JSON.stringify(sections, null, 2)}\n` : Object.entries(sections).map(section).join('\n'),
  );
  return 0;
}

function section([name, variables]: [string, ConfigVariable[]]): string {
  const lines = variables.map(({ name: variable, description, default: fallback, required }) => {
    const value = required ? 'required' : fallback === undefined ? 'optional' : `default ${JSON.stringify(fallback)}`;
    return `  ${variable.padEnd(26)} ${description} (${value})\n`;
  });
  return `${name}\n${lines.length > 0 ? lines.join('') : '  nothing of its own\n'}`;
}
