import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { knownKeys } from './known-hosts.ts';

const [one, two, three] = ['one', 'two', 'three'].map((name) => Buffer.from(name).toString('base64'));
const file = `# a comment
web-1,192.0.2.7 ssh-ed25519 ${one} ops@example
[web-1]:2222 ssh-ed25519 ${two}
*.shop.example,!old.shop.example ecdsa-sha2-nistp256 ${three}
@cert-authority * ssh-ed25519 ${one}
@revoked web-1 ssh-rsa ${three}
nonsense
`;
const names = (host: string, port = 22) => {
  const { keys, revoked } = knownKeys(file, host, port);
  return { keys: keys.map(String), revoked: revoked.map(String) };
};

describe('known_hosts', () => {
  it('knows a machine by its name or address, at its port, whatever the case', () => {
    expect(names('WEB-1')).toEqual({ keys: ['one'], revoked: ['three'] });
    expect(names('192.0.2.7').keys).toEqual(['one']);
    expect(names('web-1', 2_222)).toEqual({ keys: ['two'], revoked: [] });
    expect(names('web-2').keys).toEqual([]);
  });

  it('reads patterns and what they leave out; a dot is a dot', () => {
    expect(names('a.shop.example').keys).toEqual(['three']);
    expect(names('old.shop.example').keys).toEqual([]);
    expect(names('a.shopxexample').keys).toEqual([]);
  });

  it('reads names that ssh-keygen has hashed', async ({ skip }) => {
    const folder = await mkdtemp(join(tmpdir(), 'nightshift-known-'));
    const path = join(folder, 'known_hosts');
    try {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'k')], { stdio: 'pipe' });
    } catch {
      skip('there is no ssh-keygen on this machine');
    }
    const [type, blob] = (await readFile(join(folder, 'k.pub'), 'utf8')).split(' ');
    await writeFile(path, `web-1 ${type} ${blob}\n[web-1]:2222 ${type} ${blob}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', path], { stdio: 'pipe' });
    const text = await readFile(path, 'utf8');
    expect(text).toContain('|1|');
    expect(text).not.toContain('web-1');
    const wanted = [Buffer.from(blob!, 'base64')];
    expect([knownKeys(text, 'web-1', 22).keys, knownKeys(text, 'web-1', 2_222).keys]).toEqual([wanted, wanted]);
    expect(knownKeys(text, 'web-2', 22).keys).toEqual([]);
    await rm(folder, { recursive: true });
  });
});
