import { jsonSchema, type SchemaName } from '@nightshift/types';

/** Prints the JSON Schema of a configuration file. */
export async function schema(name: SchemaName): Promise<number> {
  process.stdout.write(`${JSON.stringify(jsonSchema(name), null, 2)}\n`);
  return 0;
}
