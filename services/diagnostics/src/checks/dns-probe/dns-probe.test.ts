import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { context } from '../../stand-ins.ts';
import { dnsProbe } from './dns-probe.ts';

const sockets: Socket[] = [];
afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));

/** A name server (RFC 1035) that knows the IPv4 addresses given; answers after `delayMs`, or never. */
async function nameServer(known: Record<string, string[]>, delayMs = 0): Promise<string> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.on('message', (query, from) => {
    if (delayMs === Infinity) return;
    const answer = answerTo(query, known);
    setTimeout(() => sockets.includes(socket) && socket.send(answer, from.port, from.address), delayMs);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return `127.0.0.1:${socket.address().port}`;
}

function answerTo(query: Buffer, known: Record<string, string[]>): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (; query[at] !== 0; at += query[at]! + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
  const question = query.subarray(12, at + 5);
  const addresses = known[labels.join('.')];
  const wanted = question.readUInt16BE(question.length - 4) === 1 ? (addresses ?? []) : [];
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(addresses ? 0x8180 : 0x8183, 2); // an answer; NXDOMAIN for what it does not know
  [1, wanted.length, 0, 0].forEach((count, i) => header.writeUInt16BE(count, 4 + 2 * i));
  const records = wanted.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([header, question, ...records]);
}

const look = (server: string, given: Partial<SubjectOf<'dns'>> = {}, signal?: AbortSignal) =>
  dnsProbe.run(
    context({
      subject: { id: 'shop-name', kind: 'dns', name: 'shop.example', actions: [], server, ...given },
      ...(signal && { signal }),
    }),
  );

describe('dns_probe', () => {
  it('asks the name server and compares with what the catalogue expects', async () => {
    const server = await nameServer({ 'shop.example': ['192.0.2.9', '192.0.2.1'] });
    expect(await look(server)).toMatchObject({
      status: 'ok',
      facts: { addresses: 2, firstAddress: '192.0.2.1', asExpected: null },
    });
    expect(await look(server, { expect: ['192.0.2.1', '192.0.2.9'] })).toMatchObject({
      status: 'ok',
      facts: { asExpected: true },
    });
    expect(await look(server, { expect: ['192.0.2.1'] })).toMatchObject({
      status: 'degraded',
      facts: { asExpected: false },
    });
  });

  it('tells a name that is none from a name server that is none (defect 25)', async () => {
    const server = await nameServer({});
    expect(await look(server)).toMatchObject({ status: 'down', facts: { addresses: 0, code: 'ENOTFOUND' } });
    expect(await look('127.0.0.1:1')).toMatchObject({ status: 'unknown', facts: { code: 'ECONNREFUSED' } });
  });

  it('is degraded where the answer is slow', async () => {
    const server = await nameServer({ 'shop.example': ['192.0.2.1'] }, 700);
    const finding = await look(server);
    expect(finding.status).toBe('degraded');
    expect(finding.facts.lookupMs).toBeGreaterThan(600);
  });

  it('is cancelled at its deadline where no answer comes (defect 20)', async () => {
    const server = await nameServer({}, Infinity);
    const started = performance.now();
    await expect(look(server, {}, AbortSignal.timeout(150))).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(1_500);
  });
});
