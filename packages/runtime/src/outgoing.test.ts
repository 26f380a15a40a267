import type { LookupAddress } from 'node:dns';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressRefusal, outgoing, type OutgoingOptions } from './outgoing.ts';

let asked = 0;
const server = createServer((_request, response) => (asked++, response.end('here')));
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => server.close());

/** The answer's body, or the error's text. */
function get(host: string, options: OutgoingOptions): Promise<string> {
  const url = new URL(`http://${host}:${(server.address() as AddressInfo).port}/`);
  return new Promise((resolve) => {
    try {
      const signal = AbortSignal.timeout(300);
      request(url, { ...outgoing(url, options), agent: false, signal }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      })
        .on('error', (error) => resolve(error.message))
        .end();
    } catch (error) {
      resolve((error as Error).message);
    }
  });
}

/** A resolver that answers these in turn, and counts. */
function resolver(...answers: string[][]) {
  const names: string[] = [];
  const resolve: OutgoingOptions['resolve'] = (name, answer) => {
    names.push(name);
    const addresses = answers[Math.min(names.length, answers.length) - 1]!;
    answer(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { names, resolve };
}

describe('requests to configured addresses', () => {
  it('go to private networks only where allowed', async () => {
    expect(await get('127.0.0.1', { allowPrivate: true })).toBe('here');
    expect(await get('localhost', { allowPrivate: true })).toBe('here');
    for (const host of [
      '127.0.0.1',
      'localhost',
      '0x7f.1',
      '2130706433',
      '10.0.0.1',
      '172.31.0.1',
      '192.168.1.1',
      '100.64.0.1',
    ])
      expect(await get(host, { allowPrivate: false }), host).toContain('is a private address: "allowPrivate: true"');
    for (const host of ['[::1]', '[fd00::1]', '[::ffff:127.0.0.1]', '[::ffff:a00:1]', '[64:ff9b::a00:1]', '[::7f00:1]'])
      expect(await get(host, { allowPrivate: false }), host).toContain('is a private address');
  });

  it('never go where clouds hand out credentials, however it is written', async () => {
    const hosts = [
      '169.254.169.254',
      '0.0.0.0',
      '100.100.100.200',
      '[fe80::1]',
      '[fd00:ec2::254]',
      '[::]',
      '[ff02::1]',
      '0xa9fea9fe',
    ];
    const inside = [
      '[::ffff:169.254.169.254]',
      '[::ffff:a9fe:a9fe]',
      '[64:ff9b::a9fe:a9fe]',
      '[2002:a9fe:a9fe::1]',
      '[::a9fe:a9fe]',
    ];
    for (const host of [...hosts, ...inside])
      expect(await get(host, { allowPrivate: true }), host).toContain('never asked');
  });

  it('judge every address of a name, also one hidden among good ones', async () => {
    for (const addresses of [['169.254.169.254'], ['93.184.216.34', '169.254.169.254'], ['::ffff:169.254.169.254']])
      expect(await get('shop.example', { allowPrivate: true, ...resolver(addresses) })).toContain('shop.example');
    expect(await get('shop.example', { allowPrivate: false, ...resolver(['93.184.216.34', '10.0.0.1']) })).toContain(
      'shop.example (10.0.0.1) is a private address',
    );
  });

  it('go to the address that was judged: a name that answers differently a moment later changes nothing', async () => {
    const before = asked;
    const rebinding = resolver(['192.0.2.1'], ['127.0.0.1']);
    expect(await get('shop.example', { allowPrivate: false, ...rebinding })).not.toBe('here');
    expect([rebinding.names, asked]).toEqual([['shop.example'], before]);
    const steady = resolver(['127.0.0.1'], ['169.254.169.254']);
    expect(await get('shop.example', { allowPrivate: true, ...steady })).toBe('here');
    expect(steady.names).toEqual(['shop.example']);
  });

  it('can be judged before the need, by what a name means now', async () => {
    const ask = (text: string, ...answers: string[][]) =>
      addressRefusal(new URL(text), { allowPrivate: false, ...(answers.length > 0 && resolver(...answers)) });
    expect(await ask('http://shop.example/', ['93.184.216.34'])).toBeNull();
    expect(await ask('http://shop.example/', ['10.0.0.1'])).toContain('shop.example (10.0.0.1) is a private address');
    expect(await ask('http://[::1]/')).toContain('is a private address');
  });

  it('say that a name is not known, as ever', async () => {
    expect(await get('no-such-host.invalid', { allowPrivate: true })).toMatch(/ENOTFOUND|EAI_AGAIN|aborted/);
  });
});
