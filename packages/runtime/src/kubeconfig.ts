import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseYaml, valueOf } from './yaml.ts';

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What is read of a kubeconfig: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
const Kubeconfig = z.object({
  'current-context': z.string().optional(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
  clusters: z.array(
    z.object({
      name: z.string(),
      cluster: z.object({
        server: z.url({ protocol: /^https?$/ }),
        'certificate-authority': z.string().optional(),
        'certificate-authority-data': z.base64().optional(),
      }),
    }),
  ),
  users: z.array(
    z.object({
      name: z.string(),
      user: z.object({
        token: z.string().optional(),
        tokenFile: z.string().optional(),
        'client-certificate': z.string().optional(),
        'client-certificate-data': z.base64().optional(),
        'client-key': z.string().optional(),
        'client-key-data': z.base64().optional(),
      }),
    }),
  ),
});

/** Address and credentials of a cluster's API; `ca`, `cert` and `key` are PEM. */
export type ClusterAccess = { server: string; token?: string; ca?: Buffer; cert?: Buffer; key?: Buffer };

/** How to reach the API of a cluster: by a context of a kubeconfig or, without one, as the pod that we are. */
export async function clusterAccess(
  kubeconfig: string | undefined,
  context: string | undefined,
): Promise<ClusterAccess> {
  if (kubeconfig === undefined) return podAccess();
  const config = valueOf(parseYaml(kubeconfig, await readFile(kubeconfig, 'utf8'), Kubeconfig));
  const wanted = context ?? config['current-context'];
  const found = config.contexts.find(({ name }) => name === wanted)?.context;
  const cluster = config.clusters.find(({ name }) => name === found?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === found?.user)?.user;
  if (!cluster || !user) throw new Error(`${kubeconfig} has no whole context ${wanted ?? '(none is current)'}`);
  const token = user.token ?? (user.tokenFile && (await readFile(user.tokenFile, 'utf8')).trim());
  const ca = await content(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const cert = await content(user['client-certificate-data'], user['client-certificate']);
  const key = await content(user['client-key-data'], user['client-key']);
  if (!token && !cert)
    throw new Error(
      `the user of context ${wanted} has neither a token nor a certificate: give Nightshift one of its own`,
    );
  return {
    server: cluster.server,
    ...(token && { token }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  };
}

async function podAccess(): Promise<ClusterAccess> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  if (!host) throw new Error('this is no pod of a cluster, and the target names no kubeconfigEnv');
  const [token, ca] = await Promise.all([
    readFile(`${accountFolder}/token`, 'utf8'), // read each time: it is replaced every hour
    readFile(`${accountFolder}/ca.crt`),
  ]);
  return { server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, token: token.trim(), ca };
}

const content = async (data: string | undefined, file: string | undefined) =>
  data !== undefined ? Buffer.from(data, 'base64') : file && (await readFile(file));
