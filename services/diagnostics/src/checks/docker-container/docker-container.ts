import { z } from 'zod';
import { referenced, unknown, type Check, type CheckContext, type Finding, type SubjectOf } from '../../check.ts';
import { judgeConnection } from '../../connection-error.ts';
import { get, type HttpAnswer } from '../../http.ts';
import { listed } from '../../words.ts';

const defaultEngine = 'unix:///var/run/docker.sock';
const fullPercent = 90;

/** What is read of the Engine API: https://docs.docker.com/reference/api/engine/ */
const Container = z.object({
  RestartCount: z.number().int().default(0),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number().int().default(0),
    OOMKilled: z.boolean().default(false),
    StartedAt: z.string().default(''),
    Health: z.object({ Status: z.string() }).optional(),
  }),
});
const Cpu = z.object({
  cpu_usage: z.object({ total_usage: z.number() }),
  system_cpu_usage: z.number().optional(),
  online_cpus: z.number().optional(),
});
const Stats = z.object({
  memory_stats: z.object({
    usage: z.number().optional(),
    limit: z.number().optional(),
    stats: z.object({ inactive_file: z.number().optional() }).loose().optional(),
  }),
  cpu_stats: Cpu,
  precpu_stats: Cpu,
});

/** State, health, restarts, memory and CPU of a container, as its engine tells. */
export const dockerContainer: Check<SubjectOf<'docker'>, 'docker_container'> = {
  id: 'docker_container',
  appliesTo: (subject) => subject.kind === 'docker',
  async run(context) {
    const { subject, signal } = context;
    const address = subject.urlEnv ? referenced(context, subject.urlEnv) : defaultEngine;
    const ask = asker(address, signal);
    if (!ask) return unknown(`the value of ${subject.urlEnv} is not of the form unix:///path or http://host:port`);
    const name = encodeURIComponent(subject.container);
    try {
      const answer = await ask(`/containers/${name}/json`);
      if (answer.status === 404)
        return { status: 'down', facts: {}, output: `there is no container ${subject.container}` };
      const container = read(Container, answer);
      const stats =
        container.State.Status === 'running' ? read(Stats, await ask(`/containers/${name}/stats?stream=false`)) : null;
      return judge(container, stats, context);
    } catch (error) {
      if (signal.aborted || error instanceof NotAsDocumented) throw error;
      return { ...judgeConnection(error), facts: {} };
    }
  },
};

class NotAsDocumented extends Error {}

function asker(address: string, signal: AbortSignal): ((path: string) => Promise<HttpAnswer>) | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (url.protocol === 'unix:')
    return (path) => get(new URL(path, 'http://docker'), { signal, socketPath: decodeURIComponent(url.pathname) });
  return url.protocol === 'http:' || url.protocol === 'https:' ? (path) => get(new URL(path, url), { signal }) : null;
}

function read<T extends z.ZodType>(schema: T, { status, text }: HttpAnswer): z.infer<T> {
  if (status !== 200) throw new NotAsDocumented(`the engine answered ${status}`);
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new NotAsDocumented('the engine’s answer is not as Docker documents it');
}

function judge(
  { State: state, RestartCount: restarts }: z.infer<typeof Container>,
  stats: z.infer<typeof Stats> | null,
  { incident, at }: CheckContext<SubjectOf<'docker'>>,
): Finding<'docker_container'> {
  const running = state.Status === 'running';
  const startedAt = Date.parse(state.StartedAt) || 0;
  const facts = {
    state: state.Status,
    health: state.Health && state.Health.Status !== 'none' ? state.Health.Status : null,
    restarts,
    exitCode: running ? null : state.ExitCode,
    oomKilled: state.OOMKilled,
    uptimeMinutes: running && startedAt > 0 ? Math.max(0, Math.round((at - startedAt) / 6_000) / 10) : null,
    startedAfterOnset: startedAt > incident.onsetAt,
    memoryPercent: stats && memoryPercent(stats.memory_stats),
    cpuPercent: stats && cpuPercent(stats.cpu_stats, stats.precpu_stats),
  };
  const trouble = [
    !running && `it is ${state.Status}, exit code ${state.ExitCode}`,
    facts.health === 'unhealthy' && 'its health check fails',
    state.OOMKilled && 'it was killed for memory',
    facts.memoryPercent !== null &&
      facts.memoryPercent >= fullPercent &&
      `memory is ${facts.memoryPercent}% of its limit`,
    running && facts.startedAfterOnset && 'it was started again after the onset',
  ];
  const degraded = trouble.some((line) => line !== false);
  const output = `${state.Status}, ${restarts} restarts, memory ${facts.memoryPercent ?? '?'}%, CPU ${facts.cpuPercent ?? '?'}%`;
  return { status: running ? (degraded ? 'degraded' : 'ok') : 'down', facts, output: listed(trouble, output) };
}

/** As `docker stats` counts: without what the page cache would give back. */
function memoryPercent({ usage, limit, stats }: z.infer<typeof Stats>['memory_stats']): number | null {
  if (usage === undefined || !limit) return null;
  return Math.round(((usage - (stats?.inactive_file ?? 0)) / limit) * 1_000) / 10;
}

function cpuPercent(now: z.infer<typeof Cpu>, before: z.infer<typeof Cpu>): number | null {
  const system = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  if (system <= 0) return null;
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  return Math.round((used / system) * (now.online_cpus ?? 1) * 1_000) / 10;
}
