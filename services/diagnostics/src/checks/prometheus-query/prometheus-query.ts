import { z } from 'zod';
import { referenced, unknown, type Check, type Finding, type SubjectOf } from '../../check.ts';
import { judgeConnection } from '../../connection-error.ts';
import { get } from '../../http.ts';

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
const Sampled = z.tuple([z.number(), z.string()]);
const Answer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: Sampled })).max(10_000),
      }),
      z.object({ resultType: z.literal('scalar'), result: Sampled }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

type Point = { labels: Record<string, string>; value: number };

/** Asks a Prometheus (or Thanos, Mimir, VictoriaMetrics) the query of the catalogue and compares with its bounds. */
export const prometheusQuery: Check<SubjectOf<'prometheus'>, 'prometheus_query'> = {
  id: 'prometheus_query',
  appliesTo: (subject) => subject.kind === 'prometheus',
  async run(context) {
    const { subject, signal } = context;
    const base = referenced(context, subject.urlEnv);
    if (!URL.canParse(base)) return unknown(`the value of ${subject.urlEnv} is not an address`);
    const url = new URL(base);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v1/query`;
    url.searchParams.set('query', subject.query);
    const token = subject.tokenEnv && referenced(context, subject.tokenEnv);
    try {
      const answer = await get(url, { signal, token });
      return read(answer.text, answer.status, subject);
    } catch (error) {
      if (signal.aborted) throw error;
      return { ...judgeConnection(error), facts: {} };
    }
  },
};

function read(text: string, status: number, subject: SubjectOf<'prometheus'>): Finding<'prometheus_query'> {
  const parsed = Answer.safeParse(parseJson(text));
  if (!parsed.success) return unknown(`it answered ${status}, with something that is no answer to a query`);
  if (parsed.data.status === 'error')
    return unknown(`it refused the query (${parsed.data.errorType}): ${parsed.data.error}`);
  const { data } = parsed.data;
  const points: Point[] =
    data.resultType === 'scalar'
      ? [{ labels: {}, value: Number(data.result[1]) }]
      : data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  return judge(points, subject);
}

/** NaN is no value: a series that has only that is no data. */
function judge(all: Point[], { degradedAbove, degradedBelow }: SubjectOf<'prometheus'>): Finding<'prometheus_query'> {
  const points = all.filter(({ value }) => !Number.isNaN(value));
  const breaching = points.filter(
    ({ value }) =>
      (degradedAbove !== undefined && value > degradedAbove) || (degradedBelow !== undefined && value < degradedBelow),
  );
  const downwards = degradedAbove === undefined && degradedBelow !== undefined;
  const [worst] = [...(breaching.length > 0 ? breaching : points)].sort((a, b) =>
    downwards ? a.value - b.value : b.value - a.value,
  );
  if (!worst) return unknown('no data: the query matches no series now', { series: 0, breaching: 0 });
  const worstLabels = Object.entries(worst.labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  const facts = {
    value: worst.value,
    series: points.length,
    breaching: breaching.length,
    worstLabels: worstLabels || null,
  };
  const bounds = [
    degradedAbove !== undefined && `above ${degradedAbove}`,
    degradedBelow !== undefined && `below ${degradedBelow}`,
  ].filter((bound) => bound !== false);
  const output = `${worst.value} {${worstLabels}} of ${points.length} series; ${breaching.length} ${bounds.join(' or ') || 'beyond a bound (none is set)'}`;
  return { status: breaching.length > 0 ? 'degraded' : 'ok', facts, output };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
