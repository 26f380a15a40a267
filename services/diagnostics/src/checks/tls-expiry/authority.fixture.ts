import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';

export const opensslAvailable = (): boolean => spawnSync('openssl', ['version']).status === 0;

/** As `openssl ca` writes times: YYYYMMDDHHMMSSZ. */
const stamp = (at: number) => `${new Date(at).toISOString().slice(0, 19).replace(/\D/g, '')}Z`;

/** An authority of one's own, by OpenSSL, and servers with certificates that it signed. Older OpenSSL sets both dates in `openssl ca` alone. */
export async function startAuthority() {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-authority-'));
  const at = (name: string) => join(folder, name);
  const servers: Server[] = [];
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = (file: string) => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at(file)];
  openssl('req', '-x509', ...key('ca.key'), '-days', '36500', '-subj', '/O=Shop/CN=Shop CA', '-out', at('ca.pem'));
  await writeFile(at('index.txt'), '');
  await writeFile(at('serial'), '01\n');
  return {
    caFile: at('ca.pem'),
    /** Starts a server whose certificate is good between two times (epoch ms) and for one name; answers its port. */
    async serve({ from, to, name }: { from: number; to: number; name: string }): Promise<number> {
      const config = `[ca]\ndefault_ca = own
[own]\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\ncertificate = ca.pem\nprivate_key = ca.key
default_md = sha256\npolicy = any\nunique_subject = no\nx509_extensions = server\n[any]\ncommonName = supplied
[server]\nsubjectAltName = DNS:${name}\n`;
      await writeFile(at('ca.cnf'), config);
      openssl('req', ...key('key.pem'), '-subj', `/CN=${name}`, '-out', at('request.pem'));
      const dates = ['-startdate', stamp(from), '-enddate', stamp(to)];
      const files = ['-in', at('request.pem'), '-out', at('cert.pem')];
      openssl('ca', '-config', at('ca.cnf'), '-batch', '-notext', ...dates, ...files);
      const shown = { key: await readFile(at('key.pem')), cert: await readFile(at('cert.pem')) };
      const server = createServer(shown, (socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
      await once(server, 'listening');
      servers.push(server);
      return (server.address() as AddressInfo).port;
    },
    async close() {
      await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
      await rm(folder, { recursive: true });
    },
  };
}
