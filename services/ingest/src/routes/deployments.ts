import { inputLimits, NightshiftError } from '@nightshift/types';
import type { FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { DbClock } from '../clock.ts';
import { Deployment, DeploymentAnswer, ErrorAnswer } from '../schema.ts';
import type { Store } from '../store.ts';

const year2000 = 946_684_800_000;
const bodyBytes = 64 * 1024;

const schema = {
  summary: 'Record a deployment',
  description:
    'What was deployed, when: diagnostics look here for the change that may be the cause. The same service, version and deployedAt again is the same deployment.',
  body: Deployment,
  response: {
    201: DeploymentAnswer,
    400: ErrorAnswer.describe('A field is wrong, or deployedAt is far off'),
    401: ErrorAnswer.describe('No token, or one that is not in force'),
    403: ErrorAnswer.describe('The token lacks the scope `ingest`'),
    503: ErrorAnswer.describe('The database is out of reach: send again after Retry-After'),
  },
};

/** `POST /v1/deployments`. */
export function deploymentsRoute(app: FastifyInstance, { clock, store }: { clock: DbClock; store: Store }): void {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app
    .withTypeProvider<ZodTypeProvider>()
    .post('/v1/deployments', { schema, bodyLimit: bodyBytes }, async (request, reply) => {
      const at = Math.round(clock.now());
      const deployedAt = request.body.deployedAt ?? at;
      if (deployedAt < year2000) {
        throw new NightshiftError(
          'BODY_INVALID',
          `deployedAt: ${deployedAt} is before the year 2000: send epoch milliseconds, not seconds`,
        );
      }
      if (deployedAt > at + inputLimits.sampleAheadMs) {
        throw new NightshiftError(
          'BODY_INVALID',
          `deployedAt: ${deployedAt} is in the future: check the clock of the sender`,
        );
      }
      const id = await store.recordDeployment(request.body, deployedAt);
      return reply.code(201).send({ id });
    });
}
