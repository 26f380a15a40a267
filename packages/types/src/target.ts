import { z } from 'zod';
import { ActionType } from './action.ts';
import { actionLimits } from './limits.ts';
import { AbsolutePath, EnvName, ExactName, HostName } from './name.ts';
import { SshAccess } from './ssh.ts';

/** How many instances of a target there may be: automation adds none above `max` and never leaves fewer than `min`. */
export const Instances = z
  .strictObject({ min: z.number().int().min(0).max(10_000), max: z.number().int().min(1).max(10_000) })
  .refine(({ min, max }) => min <= max, { path: ['min'], message: 'must not be above max' });
export type Instances = z.infer<typeof Instances>;

const common = {
  id: ExactName,
  /** What Nightshift may do to it at all. Absent: nothing, it is only looked at. */
  actions: z.array(ActionType).default([]),
  /** Region, zone, data centre: what is acted in one at a time. */
  location: ExactName.optional(),
  /** How long it is left alone after an action for one incident, before one for another. */
  cooldownSeconds: z
    .number()
    .int()
    .min(0)
    .max(actionLimits.coolDownMs.max / 1_000)
    .optional(),
};
const scalable = { ...common, instances: Instances.optional() };

/** Absent: the machine that diagnostics runs on. */
const there = { ssh: SshAccess.optional() };
const place = { ...there, path: AbsolutePath.optional(), pathEnv: EnvName.optional() };

/** A folder whose files may be removed: a whole path, at least two deep, and none that a machine needs to live. */
const ClearFolder = z
  .string()
  .max(1_024)
  .regex(
    /^(\/(?!\.\.?(\/|$))[A-Za-z0-9._-]+){2,}$/,
    'must be a whole path, two folders deep or more: no "..", no wildcard',
  )
  .refine(
    (path) => !/^\/(bin|boot|dev|etc|lib\w*|proc|root|sbin|sys|usr)\//.test(path),
    'must not be a folder of the system',
  );
const olderThanMinutes = z.number().int().min(1).max(525_600);

/** Program and arguments as they arrive. The program must also be allowed where diagnostics runs. */
export const Command = z
  .tuple([AbsolutePath], z.string().max(1_024))
  .refine((argv) => argv.length <= 32, 'must not have more than 31 arguments');

const kinds = [
  z.strictObject({ ...scalable, kind: z.literal('process'), urlEnv: EnvName, tokenEnv: EnvName, process: ExactName }),
  z.strictObject({
    ...common,
    kind: z.literal('redis'),
    urlEnv: EnvName,
    /** Key prefixes that `clear_cache` may remove; matched literally. */
    clearPrefixes: z
      .array(
        z
          .string()
          .min(3)
          .max(128)
          .regex(/^[A-Za-z0-9][A-Za-z0-9:._-]*$/, 'must be a literal prefix: no wildcard'),
      )
      .default([]),
    /** `clear_cache` removes no more a second, on each master: what misses the cache then goes to what lies behind it. */
    clearKeysPerSecond: z.number().int().min(10).max(1_000_000).default(20_000),
  }),
  z.strictObject({
    ...scalable,
    kind: z.literal('http'),
    urlEnv: EnvName,
    path: z.string().startsWith('/').default('/'),
    secretEnv: EnvName.optional(),
    expectStatus: z.number().int().min(100).max(599).default(200),
    /** The receiver promises to act once per `Idempotency-Key`; only then may an action be sent to it again. */
    idempotent: z.boolean().default(false),
    /** It may lie in a private network: loopback, RFC 1918, unique local. Addresses of cloud metadata are never asked. */
    allowPrivate: z.boolean().optional(),
    /** A 202 is only the beginning: the address in its Location is asked until it says how it ended. */
    followResult: z.strictObject({ everySeconds: z.number().min(0.25).max(60).default(2) }).optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('postgres'),
    urlEnv: EnvName,
    /** Greatest size that its storage is meant for. */
    limitBytes: z.number().int().positive().optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('disk'),
    ...place,
    /** Greatest size of the folder itself, where it has a quota; absent: it is as full as its file system. */
    limitBytes: z.number().int().positive().optional(),
    /** What `clear_cache` may remove: files under the folder, this long unwritten, so many at once. */
    clear: z
      .strictObject({
        olderThanMinutes,
        mostFiles: z.number().int().min(1).max(100_000).default(10_000),
      })
      .optional(),
  }),
  z.strictObject({
    ...common,
    ...there,
    kind: z.literal('host'),
    /** The systemd unit there that `restart_service` restarts. */
    unit: z
      .string()
      .max(200)
      .regex(/^[A-Za-z0-9][A-Za-z0-9:_.@-]*\.service$/, 'must name exactly one unit: NAME.service')
      .optional(),
    /** What `clear_cache` may remove there: files under one of these folders, this long unwritten. */
    clear: z.strictObject({ folders: z.array(ClearFolder).min(1).max(16), olderThanMinutes }).optional(),
  }),
  /** `urlEnv` holds tcp://host:port. */
  z.strictObject({ ...common, kind: z.literal('tcp'), urlEnv: EnvName }),
  z.strictObject({
    ...common,
    kind: z.literal('dns'),
    name: HostName,
    /** Addresses that it must resolve to, in any order. */
    expect: z
      .array(z.union([z.ipv4(), z.ipv6()]))
      .min(1)
      .max(32)
      .optional(),
    /** The server to ask; absent: those of the machine. */
    server: z
      .string()
      .regex(/^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\])(:\d{1,5})?$/, 'must be an IP address, with a port or without')
      .optional(),
  }),
  /** `urlEnv` holds tls://host:port or https://host. */
  z.strictObject({
    ...common,
    kind: z.literal('tls'),
    urlEnv: EnvName,
    warnDays: z.number().int().min(1).max(365).default(14),
  }),
  z.strictObject({
    ...scalable,
    kind: z.literal('kubernetes'),
    /** Holds the path of a kubeconfig; absent: the service account of the pod. */
    kubeconfigEnv: EnvName.optional(),
    context: z.string().min(1).max(256).optional(),
    namespace: ExactName,
    workload: z.enum(['deployment', 'statefulset', 'daemonset']).default('deployment'),
    name: ExactName,
    /** Where a HorizontalPodAutoscaler owns the number of replicas: leave it alone, or scale up by raising its minReplicas. */
    autoscaler: z.enum(['refuse', 'raise_min']).default('refuse'),
    /** Where Argo CD, Flux or Config Sync owns it: leave it alone, or restart it, which changes nothing that they declare. */
    gitops: z.enum(['refuse', 'restart']).default('refuse'),
  }),
  z.strictObject({
    ...scalable,
    kind: z.literal('docker'),
    /** Holds unix:///path or http(s)://host:port; absent: /var/run/docker.sock. */
    urlEnv: EnvName.optional(),
    container: ExactName,
    /** `key=value`, on all of its service's containers: `scale_up` counts them, and makes more like `container`. */
    label: z
      .string()
      .max(256)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*=[^=*\s]+$/, 'must be one label as key=value')
      .optional(),
  }),
  /** A workflow with `workflow_dispatch`, whose run-name shows the input that carries `{id}`. */
  z.strictObject({
    ...scalable,
    kind: z.literal('github'),
    repository: z.string().regex(/^[A-Za-z0-9-]{1,39}\/[A-Za-z0-9._-]{1,100}$/, 'must be owner/name'),
    workflow: z.string().regex(/^[A-Za-z0-9._-]{1,200}\.ya?ml$/, 'must be the file name of a workflow'),
    ref: z.string().min(1).max(255).default('main'),
    tokenEnv: EnvName,
    /** Holds the address of a GitHub Enterprise Server's API; absent: https://api.github.com. */
    apiUrlEnv: EnvName.optional(),
    allowPrivate: z.boolean().optional(),
    /** Values may hold {id}, {incident}, {action}, {target}, {from}, {to} and {replicas}. */
    inputs: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]{0,99}$/), z.string().max(1_024))
      .default({ nightshift_id: '{id}' })
      .refine((inputs) => Object.values(inputs).some((value) => value.includes('{id}')), 'one must hold {id}')
      .refine((inputs) => Object.keys(inputs).length <= 25, 'must not be more than 25'),
    /** Pause between two looks at the run. */
    everySeconds: z.number().min(0.1).max(60).default(5),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('bullmq'),
    /** Holds redis://, rediss:// or, for BullMQ's own Postgres backend, postgres:// (there without a prefix). */
    urlEnv: EnvName,
    queue: ExactName,
    prefix: z.string().min(1).max(128).default('bull'),
    /** More waiting jobs, or one waiting longer, is a backlog. */
    waitingLimit: z.number().int().positive().default(1_000),
    waitLimitSeconds: z.number().positive().default(60),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('prometheus'),
    urlEnv: EnvName,
    tokenEnv: EnvName.optional(),
    query: z.string().min(1).max(4_096),
    degradedAbove: z.number().optional(),
    degradedBelow: z.number().optional(),
  }),
  /** A log file, or the output of a command that prints the last lines of one. */
  z.strictObject({
    ...common,
    kind: z.literal('log'),
    ...place,
    command: Command.optional(),
    /** A line with one of these words, in any case, is an error. */
    errorWords: z.array(z.string().min(2).max(64)).min(1).max(32).default(['error', 'fatal', 'panic', 'exception']),
  }),
] as const;

/** What a service runs on, and which provider performs actions on it. `kind` is the provider. */
export const Target = z.discriminatedUnion('kind', kinds, {
  error: ({ code }) =>
    code === 'invalid_union' ? `must be one of ${kinds.map(({ shape }) => shape.kind.value).join(', ')}` : undefined,
});
export type Target = z.infer<typeof Target>;
export type TargetKind = Target['kind'];

/**
 * A check of one's own, of a service: a GET or a command that answers {"status", "facts", "output"} as JSON, or a command that
 * behaves like a Nagios plugin. Runbooks match on it as `custom.<id>`.
 */
export const CustomCheck = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be lower case letters, digits and "_", a letter first'),
    title: z.string().min(1).max(200),
    /** Holds the address to GET. */
    urlEnv: EnvName.optional(),
    tokenEnv: EnvName.optional(),
    command: Command.optional(),
    /** The machine that the command runs on; absent: the one that diagnostics runs on. */
    ssh: SshAccess.optional(),
    /** Facts that it answers; others are dropped. */
    facts: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/), z.enum(['number', 'string', 'boolean']))
      .default({})
      .refine((facts) => Object.keys(facts).length <= 64, 'must not be more than 64'),
  })
  .refine(({ urlEnv, command }) => (urlEnv === undefined) !== (command === undefined), {
    path: ['urlEnv'],
    message: 'exactly one of urlEnv and command must be given',
  })
  .refine(({ ssh, command }) => ssh === undefined || command !== undefined, {
    path: ['ssh'],
    message: 'only a command runs on another machine',
  });
export type CustomCheck = z.infer<typeof CustomCheck>;
