import { connect } from 'node:net';
import { errorMessage } from '@nightshift/types';
import { referenced, unknown, type Check, type SubjectOf } from '../../check.ts';
import { innermostCode, judgeConnection } from '../../connection-error.ts';

const timeoutMs = 5_000;

/** Whether a port takes connections. Nobody answering at all may be the way from here to there: unknown, not down. */
export const tcpProbe: Check<SubjectOf<'tcp'>, 'tcp_probe'> = {
  id: 'tcp_probe',
  appliesTo: (subject) => subject.kind === 'tcp',
  async run({ subject, signal, ...rest }) {
    const address = addressOf(referenced({ subject, signal, ...rest }, subject.urlEnv));
    if (!address) return unknown(`the value of ${subject.urlEnv} is not of the form tcp://host:port`);
    const started = performance.now();
    const failure = await open(address, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    const connectMs = Math.round((performance.now() - started) * 10) / 10;
    const where = `${address.host}:${address.port}`;
    if (failure === null) {
      const facts = { connected: true, connectMs, timedOut: false, code: null };
      return { status: 'ok', facts, output: `${where} takes connections, after ${connectMs} ms` };
    }
    const timedOut = failure.timedOut;
    const facts = { connected: false, connectMs, timedOut, code: innermostCode(failure.error) ?? null };
    if (timedOut) return unknown(`nobody answers at ${where}: dropped on the way, or gone`, facts);
    return { ...judgeConnection(failure.error), facts };
  },
};

/** The host and port of tcp://host:port. */
function addressOf(text: string): { host: string; port: number } | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url?.hostname && url.port ? { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) } : null;
}

/** Connects and hangs up. Null: it worked. */
function open(
  address: { host: string; port: number },
  signal: AbortSignal,
): Promise<{ error: unknown; timedOut: boolean } | null> {
  return new Promise((resolve) => {
    const socket = connect({ ...address, signal });
    const finish = (outcome: { error: unknown; timedOut: boolean } | null) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => finish(null));
    socket.on('error', (error) =>
      finish({ error: signal.aborted ? new Error(errorMessage(signal.reason)) : error, timedOut: signal.aborted }),
    );
  });
}
