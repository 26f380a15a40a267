import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { assertPortsFree, fixedPorts, freePorts } from './ports.ts';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));
const hold = (port: number) =>
  new Promise<void>((listening) => servers.push(createServer().listen(port, '127.0.0.1', () => listening())));

describe('ports', () => {
  it('are handed out one after the other', () => {
    expect(fixedPorts(['console-0', 'ingest-0', 'shop'], 4_600)).toEqual({
      'console-0': 4_600,
      'ingest-0': 4_601,
      shop: 4_602,
    });
  });
  it.each([80, 65_534, 4_600.5, Number.NaN])('do not start at %s', (base) => {
    expect(() => fixedPorts(['a', 'b', 'c'], base)).toThrow(/--port-base must be a whole number from 1024 to 65533/);
  });
  it('that are free are all different', async () => {
    const ports = await freePorts(['a', 'b', 'c']);
    expect(new Set(Object.values(ports)).size).toBe(3);
    await assertPortsFree(ports);
  });
  it('in use are all named, with what they were wanted for', async () => {
    const ports = await freePorts(['console-0', 'ingest-0', 'shop']);
    await Promise.all([hold(ports['console-0']!), hold(ports.shop!)]);
    await expect(assertPortsFree(ports)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringMatching(
        new RegExp(`${ports['console-0']} \\(console-0\\), ${ports.shop} \\(shop\\) .* are in use.*--port-base`),
      ) as string,
    });
  });
});
