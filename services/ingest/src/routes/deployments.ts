import type { FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { Deployment, DeploymentAnswer, ErrorAnswer } from '../schema.ts';
import type { ChangeParts } from './changes.ts';

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
    403: ErrorAnswer.describe('The token lacks the scope for it'),
    503: ErrorAnswer.describe('The database is out of reach: send again after Retry-After'),
  },
};

/** `POST /v1/deployments`. */
export function deploymentsRoute(app: FastifyInstance, { clock, metrics, store }: ChangeParts): void {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app
    .withTypeProvider<ZodTypeProvider>()
    .post('/v1/deployments', { schema, bodyLimit: bodyBytes }, async (request, reply) => {
      const { id, outcome } = await store.recordChange(request.body, Math.round(clock.now()));
      metrics.change(outcome);
      return reply.code(201).send({ id });
    });
}
