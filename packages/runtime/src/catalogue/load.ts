import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Catalogue } from '@nightshift/types';
import type { Logger } from '../logger.ts';
import { fingerprint, watchLoaded, type Watched } from '../watch.ts';
import { hashOf, parseParts, readText, type Loaded } from '../yaml.ts';
import { backstageDeclarations, isBackstage, ownServices } from './parts.ts';

/**
 * The catalogue of a configuration folder: `catalogue.yaml`, `catalog-info.yaml` and every YAML file of `catalogue/`, together.
 * Each may be in Nightshift's form or be a `catalog-info.yaml` of Backstage. Never throws: mistakes come back as problems.
 */
export async function loadCatalogue(folder: string): Promise<Loaded<Catalogue>> {
  const files = await catalogueFiles(folder);
  const read = await Promise.all((files.length > 0 ? files : [join(folder, 'catalogue.yaml')]).map(readParts));
  const parts = read.flatMap((each) => (each.ok ? each.value : []));
  const declarations = [
    ...parts.filter((part) => !isBackstage(part)).map(ownServices),
    backstageDeclarations(parts.filter(isBackstage)),
  ];
  const problems = [
    ...read.flatMap((each) => (each.ok ? [] : each.problems)),
    ...declarations.flatMap((each) => each.problems),
  ];
  if (problems.length > 0) return { ok: false, problems };
  const declared = declarations.flatMap((each) => each.found);
  const parsed = Catalogue.safeParse({ schema: 1, services: declared.map(({ service }) => service) });
  if (parsed.success) return { ok: true, value: parsed.data, hash: hashOf(parsed.data) };
  return {
    ok: false,
    problems: parsed.error.issues.map(({ path: [, index, ...path], message }) =>
      declared[Number(index)]!.problem(path, message),
    ),
  };
}

/**
 * Follows the catalogue of a folder; a broken edit leaves the last good one in force. Broken at the start: throws FILE_INVALID or,
 * where `orElse` says what to go on with, goes on with that until it is mended.
 */
export function watchCatalogue(
  folder: string,
  log: Logger,
  options: { orElse?: Catalogue } = {},
): Promise<Watched<Catalogue>> {
  return watchLoaded({
    name: `catalogue of ${folder}`,
    fingerprint: async () =>
      JSON.stringify(
        await Promise.all((await catalogueFiles(folder)).map(async (file) => [file, await fingerprint(file)])),
      ),
    load: () => loadCatalogue(folder),
    log,
    ...options,
  });
}

async function catalogueFiles(folder: string): Promise<string[]> {
  const yaml = async (dir: string, wanted: (name: string) => boolean) =>
    (await readdir(dir).catch(() => []))
      .filter(wanted)
      .sort()
      .map((name) => join(dir, name));
  return [
    ...(await yaml(folder, (name) => name === 'catalogue.yaml' || name === 'catalog-info.yaml')),
    ...(await yaml(join(folder, 'catalogue'), (name) => /\.ya?ml$/.test(name))),
  ];
}

async function readParts(file: string) {
  const text = await readText(file);
  return text.ok ? parseParts(file, text.value) : text;
}
