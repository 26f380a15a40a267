import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { jsonSchema, schemaNames } from './json-schema.ts';

describe('the JSON Schemas for editors', () => {
  it.each(schemaNames)('docs/schemas/%s.json is what `nightshift schema` prints now', async (name) => {
    const published = await readFile(new URL(`../../../docs/schemas/${name}.json`, import.meta.url), 'utf8');
    // Run it and write its output there: nightshift schema runbook > docs/schemas/runbook.json
    expect(published).toBe(`${JSON.stringify(jsonSchema(name), null, 2)}\n`);
  });

  it('describe fields, what is required, and what is not known', () => {
    const { properties } = jsonSchema('catalogue') as { properties: { services: { items: Record<string, unknown> } } };
    expect(properties.services.items).toMatchObject({ required: ['name'], additionalProperties: false });
  });
});
