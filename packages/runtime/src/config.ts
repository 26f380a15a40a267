import { NightshiftError } from '@nightshift/types';
import { z } from 'zod';

/** What every service is told. Keys are the names of environment variables. */
export const CommonConfig = z.object({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe('Postgres: the truth, e.g. postgres://nightshift:secret@localhost:5432/nightshift'),
  DATABASE_POOL: z.coerce
    .number()
    .int()
    .min(2)
    .max(100)
    .default(6)
    .describe('Most Postgres connections of this process'),
  QUEUE_URL: z
    .url({ protocol: /^(redis|rediss|postgres|postgresql)$/ })
    .optional()
    .describe('The doorbell: redis://, rediss:// or postgres://; default: DATABASE_URL'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe('Port to listen on; 0 takes a free one and logs it'),
  NIGHTSHIFT_CONFIG_DIR: z
    .string()
    .default('./config')
    .describe('Folder of catalogue.yaml, oncall.yaml, detection.yaml and runbooks/'),
  NIGHTSHIFT_SECRET: z
    .string()
    .min(16)
    .describe('Signs acknowledge links and console sessions; at least 16 characters'),
  CONSOLE_URL: z
    .url()
    .default('http://127.0.0.1:4600')
    .describe('Where people reach the console; base of links in pages'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severe log line that is written'),
  SHUTDOWN_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(8_000)
    .describe('Longest graceful shutdown in ms; keep it below the pod grace period'),
});
export type CommonConfig = z.infer<typeof CommonConfig>;

/** Parses an environment. Throws CONFIG_INVALID naming every variable that is missing or wrong, never its value. */
export function readConfig<T extends z.ZodObject>(schema: T, env: Record<string, string | undefined>): z.infer<T> {
  const known = Object.fromEntries(
    Object.keys(schema.shape).flatMap((key) => (env[key] === undefined || env[key] === '' ? [] : [[key, env[key]]])),
  );
  const parsed = schema.safeParse(known);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = issue.path.join('.');
    return known[name] === undefined ? `${name} is not set (${describe(schema, name)})` : `${name}: ${issue.message}`;
  });
  throw new NightshiftError('CONFIG_INVALID', problems.join('; '), { details: { problems } });
}

export type ConfigVariable = { name: string; description: string; default: unknown; required: boolean };

/** Every variable of a schema with its meaning and default: what `nightshift config` prints. */
export function describeConfig(schema: z.ZodObject): ConfigVariable[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const absent = (field as z.ZodType).safeParse(undefined);
    return {
      name,
      description: describe(schema, name),
      default: absent.success ? absent.data : undefined,
      required: !absent.success,
    };
  });
}

function describe(schema: z.ZodObject, name: string): string {
  return (schema.shape[name] as z.ZodType | undefined)?.description ?? '';
}
