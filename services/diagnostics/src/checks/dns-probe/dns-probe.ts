import { Resolver } from 'node:dns/promises';
import { errorMessage } from '@nightshift/types';
import { unknown, type Check, type Finding, type SubjectOf } from '../../check.ts';
import { innermostCode } from '../../connection-error.ts';

const timeoutMs = 2_000;
const tries = 2;
const slowMs = 500;
/** The name server answered, and there is no such name or no address for it. */
const noAddress = new Set(['ENOTFOUND', 'ENODATA']);

/** What a name resolves to, asked of name servers directly: neither /etc/hosts nor a cache of this machine answers instead. */
export const dnsProbe: Check<SubjectOf<'dns'>, 'dns_probe'> = {
  id: 'dns_probe',
  appliesTo: (subject) => subject.kind === 'dns',
  async run({ subject, signal }) {
    const resolver = new Resolver({ timeout: timeoutMs, tries });
    if (subject.server) resolver.setServers([subject.server]);
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const started = performance.now();
    const tookMs = () => Math.round((performance.now() - started) * 10) / 10;
    try {
      const answers = await Promise.allSettled([resolver.resolve4(subject.name), resolver.resolve6(subject.name)]);
      signal.throwIfAborted();
      const addresses = answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : [])).sort();
      if (addresses.length > 0) return judge(subject, addresses, tookMs());
      const [failure] = answers.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
      return judgeFailure(subject.name, failure, tookMs());
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  },
};

function judge(subject: SubjectOf<'dns'>, addresses: string[], lookupMs: number): Finding<'dns_probe'> {
  const expected = subject.expect ? [...subject.expect].sort() : null;
  const asExpected = expected && String(expected) === String(addresses);
  const facts = { addresses: addresses.length, firstAddress: addresses[0] ?? null, lookupMs, asExpected, code: null };
  const output = `${subject.name} is ${addresses.slice(0, 8).join(', ')}, after ${lookupMs} ms`;
  if (asExpected === false) return { status: 'degraded', facts, output: `${output}; expected ${expected!.join(', ')}` };
  return { status: lookupMs > slowMs ? 'degraded' : 'ok', facts, output };
}

function judgeFailure(name: string, error: unknown, lookupMs: number): Finding<'dns_probe'> {
  const code = innermostCode(error) ?? null;
  const facts = { addresses: 0, firstAddress: null, lookupMs, code };
  if (code && noAddress.has(code)) return { status: 'down', facts, output: `${name} has no address (${code})` };
  return unknown(`no name server could be asked about ${name}: ${code ?? errorMessage(error)}`, facts);
}
