import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { errorMessage } from '@nightshift/types';
import { referenced, unknown, type Check, type Finding, type SubjectOf } from '../../check.ts';
import { innermostCode, judgeConnection } from '../../connection-error.ts';

const day = 24 * 60 * 60 * 1_000;
const timeoutMs = 5_000;

/** The certificate that a server shows: how long it is still good, and whether clients accept it. */
export const tlsExpiry: Check<SubjectOf<'tls'>, 'tls_expiry'> = {
  id: 'tls_expiry',
  appliesTo: (subject) => subject.kind === 'tls',
  async run(context) {
    const { subject, at } = context;
    const text = referenced(context, subject.urlEnv);
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url?.hostname) return unknown(`the value of ${subject.urlEnv} is not of the form tls://host:port`);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
    const shown = await look(host, Number(url.port || 443), signal);
    if (shown.kind === 'certificate') return judge(shown, { at, warnDays: subject.warnDays });
    if (shown.connected)
      return { status: 'down', facts: {}, output: `connected, but no handshake: ${errorMessage(shown.error)}` };
    return { ...judgeConnection(shown.error), facts: {} };
  },
};

type Shown =
  | { kind: 'certificate'; subject: string; issuer: string; from: number; to: number; reason: string | null }
  | { kind: 'failed'; connected: boolean; error: unknown };

function look(host: string, port: number, signal: AbortSignal): Promise<Shown> {
  return new Promise((resolve) => {
    let connected = false;
    // Whatever it shows is read and judged here: refusing a bad one would hide why.
    const socket = connect({ host, port, rejectUnauthorized: false, ...(isIP(host) ? {} : { servername: host }) });
    const finish = (shown: Shown) => {
      signal.removeEventListener('abort', cut);
      socket.destroy();
      resolve(shown);
    };
    const cut = () => finish({ kind: 'failed', connected, error: signal.reason });
    signal.addEventListener('abort', cut, { once: true });
    if (signal.aborted) cut();
    socket.once('connect', () => (connected = true));
    socket.once('secureConnect', () => finish(certificateOf(socket)));
    socket.on('error', (error) => finish({ kind: 'failed', connected, error }));
    socket.once('end', () => finish({ kind: 'failed', connected, error: new Error('it hung up') }));
  });
}

function certificateOf(socket: TLSSocket): Shown {
  const { subject, issuer, valid_from, valid_to } = socket.getPeerCertificate();
  if (!valid_to) return { kind: 'failed', connected: true, error: new Error('it shows no certificate') };
  const reason = socket.authorizationError as Error | string | undefined;
  return {
    kind: 'certificate',
    subject: String(subject?.CN ?? ''),
    issuer: String(issuer?.O ?? issuer?.CN ?? ''),
    from: Date.parse(valid_from),
    to: Date.parse(valid_to),
    reason: reason ? (innermostCode(reason) ?? String(reason)) : null,
  };
}

function judge(
  { subject, issuer, from, to, reason }: Extract<Shown, { kind: 'certificate' }>,
  { at, warnDays }: { at: number; warnDays: number },
): Finding<'tls_expiry'> {
  const daysLeft = Math.floor(((to - at) / day) * 10) / 10;
  const facts = {
    daysLeft,
    expired: to <= at,
    notYetValid: from > at,
    trusted: reason === null,
    reason,
    subject: subject || null,
    issuer: issuer || null,
  };
  const until = new Date(to).toISOString().slice(0, 16);
  const output = `certificate of ${subject || 'no name'} by ${issuer || 'nobody'}, good until ${until}Z`;
  if (facts.expired) return { status: 'down', facts, output: `expired ${-daysLeft} days ago; ${output}` };
  if (facts.notYetValid) return { status: 'down', facts, output: `not valid yet; ${output}` };
  if (daysLeft < warnDays) return { status: 'degraded', facts, output: `expires in ${daysLeft} days; ${output}` };
  // What clients of a private authority accept, we cannot tell from here.
  if (reason !== null) return { status: 'degraded', facts, output: `not trusted from here (${reason}); ${output}` };
  return { status: 'ok', facts, output: `${daysLeft} days left; ${output}` };
}
