import { readFileSync } from 'node:fs';

/** For tests: the lines that docs/ingest.md gives a user under a heading, for a running ingest. */
export function documented(heading: string, ingest: { url: string; secret: string }): string {
  const page = readFileSync(new URL('../../../docs/ingest.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const block = /^```\w+\n(.*?)^```$/ms.exec(section.split('\n## ')[0]!)?.[1];
  if (block === undefined) throw new Error(`docs/ingest.md has no lines under "${heading}"`);
  return block
    .replaceAll('http://127.0.0.1:4601', ingest.url)
    .replaceAll('127.0.0.1:4601', new URL(ingest.url).host)
    .replaceAll('nst_YOUR_TOKEN', ingest.secret);
}
