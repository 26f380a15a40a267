import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';
import { buildRoom } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, silentServer } from '../../stand-ins.ts';
import { opensslAvailable, startAuthority } from './authority.fixture.ts';
import { tlsExpiry } from './tls-expiry.ts';

const day = 24 * 60 * 60 * 1_000;
let folder: string;
let server: Server;
let madeAt: number;
let openssl = true;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=shop.test/O=Shop -keyout ${key} -out ${cert}`;
  try {
    execFileSync('openssl', args.split(' '), { stdio: 'pipe' });
  } catch {
    openssl = false;
    return;
  }
  madeAt = Date.now();
  server = createServer({ key: await readFile(key), cert: await readFile(cert) }, (socket) =>
    socket.on('error', () => {}),
  );
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server?.close();
  await rm(folder, { recursive: true });
});

const look = (url: string, at: number, warnDays = 14, signal?: AbortSignal) =>
  tlsExpiry.run(
    context({
      subject: { id: 'shop-tls', kind: 'tls', urlEnv: 'SHOP_TLS', actions: [], warnDays },
      env: { SHOP_TLS: url },
      at,
      ...(signal && { signal }),
    }),
  );

describe('tls_expiry', () => {
  it('reads a real certificate, and judges it by the time it is looked at', async ({ skip }) => {
    if (!openssl) skip('openssl is not installed: no certificate can be made');
    const url = `tls://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const good = await look(url, madeAt + day);
    // Nobody vouches for a certificate that signed itself: a fact, and a word of warning.
    expect(good).toMatchObject({
      status: 'degraded',
      facts: {
        expired: false,
        trusted: false,
        reason: 'DEPTH_ZERO_SELF_SIGNED_CERT',
        subject: 'shop.test',
        issuer: 'Shop',
      },
    });
    expect(good.facts.daysLeft).toBeCloseTo(29, 0);
    expect((await look(url, madeAt + 20 * day)).output).toMatch(/^expires in (9.9|10) days/);
    const expired = await look(url, madeAt + 31 * day);
    expect(expired).toMatchObject({ status: 'down', facts: { expired: true } });
    expect(expired.output).toContain('expired 1');
    expect(await look(url, madeAt - 2 * day)).toMatchObject({ status: 'down', facts: { notYetValid: true } });
  });

  it('tells a server without TLS from one that is not there (defect 25)', async () => {
    expect(await look('tls://127.0.0.1:1', 0)).toMatchObject({ status: 'down' });
    expect(await look('tls://no-such-host.invalid', 0)).toMatchObject({ status: 'unknown' });
    expect(await look('shop', 0)).toMatchObject({ status: 'unknown' });
    const hole = await silentServer();
    expect(await look(`tls://127.0.0.1:${hole.port}`, 0, 14, AbortSignal.timeout(300))).toMatchObject({
      status: 'down',
      output: expect.stringContaining('no handshake') as string,
    });
    await expect.poll(() => hole.open()).toBe(0);
    await hole.close();
  });
});

/** A process is told once, at its start, whom to trust: what is built looks from one of its own, as the service does. */
async function lookFromAProcess(ports: number[], env: Record<string, string>) {
  await buildRoom(new URL('../../..', import.meta.url));
  const check = new URL('../../../dist/checks/tls-expiry/tls-expiry.js', import.meta.url);
  const program = `
    import { tlsExpiry } from '${check.href}';
    const look = (port) => tlsExpiry.run({ subject: { id: 't', kind: 'tls', urlEnv: 'T', actions: [], warnDays: 14 },
      env: { T: 'tls://localhost:' + port }, at: Date.now(), signal: AbortSignal.timeout(10_000) });
    console.log(JSON.stringify(await Promise.all(${JSON.stringify(ports)}.map(look))));`;
  const args = ['--input-type=module', '-e', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as Awaited<ReturnType<typeof look>>[];
}

describe('tls_expiry of certificates of a private authority, now', () => {
  if (!opensslAvailable()) return it('not run', (test) => test.skip('openssl is not on this machine'));
  let authority: Awaited<ReturnType<typeof startAuthority>>;
  beforeAll(async () => {
    authority = await startAuthority();
  });
  afterAll(() => authority?.close());
  const serve = (fromDays: number, toDays: number, name = 'localhost') =>
    authority.serve({ from: Date.now() + fromDays * day, to: Date.now() + toDays * day, name });

  it('is ok with a good one, and tells one that has expired from each other way to be wrong', async () => {
    const good = await serve(-1, 90);
    const ports = [good, await serve(-40, -2), await serve(-80, 5), await serve(2, 90), await serve(-1, 90, 'other')];
    const [well, expired, soon, early, misnamed] = await lookFromAProcess(ports, {
      NODE_EXTRA_CA_CERTS: authority.caFile,
    });
    expect(well).toMatchObject({
      status: 'ok',
      facts: { expired: false, trusted: true, reason: null, subject: 'localhost', issuer: 'Shop' },
    });
    expect(well!.facts.daysLeft).toBeCloseTo(90, 0);
    expect(expired).toMatchObject({
      status: 'down',
      facts: { expired: true, trusted: false, reason: 'CERT_HAS_EXPIRED' },
      output: expect.stringMatching(/^expired (2|2\.1) days ago/) as string,
    });
    expect(soon).toMatchObject({ status: 'degraded', facts: { expired: false, trusted: true } });
    expect(early).toMatchObject({ status: 'down', facts: { notYetValid: true, reason: 'CERT_NOT_YET_VALID' } });
    expect(misnamed).toMatchObject({ status: 'degraded', facts: { reason: 'ERR_TLS_CERT_ALTNAME_INVALID' } });

    const [stranger] = await lookFromAProcess([good], { NODE_EXTRA_CA_CERTS: '' });
    expect(stranger).toMatchObject({
      status: 'degraded',
      facts: { expired: false, trusted: false, reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    });
  });
});
