import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { AddressRefused, outgoing } from '@nightshift/runtime';
import { errorMessage } from '@nightshift/types';
import { referenced, unknown, type Check, type Finding, type SubjectOf } from '../../check.ts';
import { innermostCode, judgeConnection } from '../../connection-error.ts';

const timeoutMs = 5_000;
const slowMs = 2_000;

/** Asks a service the question its clients ask: a GET, redirects not followed, the answer's body not read. */
export const httpProbe: Check<SubjectOf<'http'>, 'http_probe'> = {
  id: 'http_probe',
  appliesTo: (subject) => subject.kind === 'http',
  async run(context) {
    const { urlEnv, path, expectStatus } = context.subject;
    const base = referenced(context, urlEnv);
    if (!URL.canParse(path, base)) return unknown(`the value of ${urlEnv} is not an address`);
    // Below the address's own path, where actions go too.
    const url = new URL(`${new URL(base).pathname.replace(/\/$/, '')}${path}`, base);
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      return unknown(`the value of ${urlEnv} is not an http address`);
    const answer = await ask(url, context.subject.allowPrivate ?? false, context.signal);
    return answer.kind === 'status'
      ? judgeStatus(url, answer.status, answer.latencyMs, expectStatus)
      : judgeFailure(url, answer);
  },
};

type Answer =
  | { kind: 'status'; status: number; latencyMs: number }
  | { kind: 'failed'; connected: boolean; timedOut: boolean; error: unknown };

function ask(url: URL, allowPrivate: boolean, signal: AbortSignal): Promise<Answer> {
  const started = performance.now();
  return new Promise<Answer>((resolve) => {
    let connected = false;
    let timedOut = false;
    const request = (url.protocol === 'https:' ? secureRequest : plainRequest)(url, {
      agent: false, // a connection of its own: a kept one would not show that new ones are refused
      headers: { 'user-agent': 'nightshift-diagnostics', accept: '*/*' },
      signal,
      ...outgoing(url, { allowPrivate }),
    });
    const timer = setTimeout(() => {
      timedOut = true;
      request.destroy(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    const finish = (answer: Answer) => {
      clearTimeout(timer);
      request.destroy();
      resolve(answer);
    };
    request.on('socket', (socket) => socket.on('connect', () => (connected = true)));
    request.on('response', (response) =>
      finish({ kind: 'status', status: response.statusCode ?? 0, latencyMs: Math.round(performance.now() - started) }),
    );
    // Stays for errors after the answer, which say nothing more.
    request.on('error', (error) => finish({ kind: 'failed', connected, timedOut: timedOut || signal.aborted, error }));
    request.end();
  }).catch((error: unknown) => ({ kind: 'failed', connected: false, timedOut: false, error })); // not even begun: an address that is never asked
}

function judgeStatus(url: URL, status: number, latencyMs: number, expectStatus: number): Finding<'http_probe'> {
  const facts = { status, expectStatus, latencyMs };
  const output = `GET ${withoutSecrets(url)}: ${status} after ${latencyMs} ms, expected ${expectStatus}`;
  if (status === expectStatus) return { status: latencyMs > slowMs ? 'degraded' : 'ok', facts, output };
  if (status >= 500) return { status: 'down', facts, output };
  // It serves, but not us: whether it is well, we cannot tell.
  if (status === 401 || status === 403) return { status: 'unknown', facts, output };
  return { status: 'degraded', facts, output };
}

function judgeFailure(
  url: URL,
  { connected, timedOut, error }: Extract<Answer, { kind: 'failed' }>,
): Finding<'http_probe'> {
  const facts = { connected, timedOut, code: innermostCode(error) ?? null };
  const where = `GET ${withoutSecrets(url)}`;
  if (error instanceof AddressRefused) return unknown(`${where}: ${error.message}`);
  // It took the connection and never answered: so it is for its clients. It never took it: that may be the way from here to there.
  if (timedOut) {
    return connected
      ? { status: 'down', facts, output: `${where}: connected, ${errorMessage(error)}` }
      : unknown(`${where}: could not connect, ${errorMessage(error)}`, facts);
  }
  const { status, output } = judgeConnection(error);
  return { status: facts.code === 'CERT_HAS_EXPIRED' ? 'down' : status, facts, output: `${where}: ${output}` };
}

/** Queries and passwords of an address stay out of what is shown. */
const withoutSecrets = (url: URL) => `${url.protocol}//${url.host}${url.pathname}`;
