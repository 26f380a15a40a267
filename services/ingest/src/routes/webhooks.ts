import { basename, extname } from 'node:path';
import { formatProblems, type Versioned, type Watched } from '@nightshift/runtime';
import { NightshiftError } from '@nightshift/types';
import type { FastifyInstance } from 'fastify';
import { alertOf } from '../alerts/alert.ts';
import { eventCost } from '../senders.ts';
import { itemsOf, meaningOf, type Mapping } from '../webhooks/mapping.ts';
import { settleEach, settleTold, type ToldParts } from './told.ts';

const bodyBytes = 2 * 1024 * 1024;

export type WebhookParts = ToldParts & { mappings: Pick<Watched<Versioned<Mapping>[]>, 'current' | 'problems'> };

/**
 * `POST /v1/hooks/NAME`: whatever JSON a sender has, read as `webhooks/NAME.yaml` of the configuration says. 202 with how many alerts or changes came to
 * what; 400 with the field of the mapping that found nothing.
 */
export function webhooksRoute(app: FastifyInstance, parts: WebhookParts): void {
  app.post('/v1/hooks/:name', { schema: { hide: true }, bodyLimit: bodyBytes }, async (request, reply) => {
    const { name } = request.params as { name: string };
    const { body } = request;
    const mapping = mappingOf(name, parts.mappings);
    const items = itemsOf(mapping, body);
    parts.senders.spend(request.sender, items.length * eventCost);
    const settle = (item: unknown) => {
      const meaning = meaningOf(mapping, name, body, item);
      const told =
        'alert' in meaning
          ? { alert: alertOf(meaning.alert, Math.round(parts.clock.now()), parts.serviceOf) }
          : meaning;
      return settleTold(told, `webhook ${name}`, parts);
    };
    return reply.code(202).send(await settleEach(items, settle, parts));
  });
}

const nameOf = (file: string) => basename(file, extname(file));

/** The mapping of a name. Throws NOT_FOUND, with what is wrong where its file never was right. */
function mappingOf(name: string, mappings: WebhookParts['mappings']): Mapping {
  const found = mappings.current().find(({ file }) => nameOf(file) === name);
  if (found) return found.value;
  const problems = mappings.problems().filter(({ file }) => nameOf(file) === name);
  const why = problems.length > 0 ? `: ${formatProblems(problems)}` : '';
  throw new NightshiftError('NOT_FOUND', `there is no webhook ${JSON.stringify(name.slice(0, 128))}${why}`);
}
