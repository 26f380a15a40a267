import type { AppsV1Api, AutoscalingV2Api, KubeConfig } from '@kubernetes/client-node';
import type { ClusterAccess } from '@nightshift/runtime';
import { errorMessage } from '@nightshift/types';
import { z } from 'zod';
import { parse } from '../answer.ts';
import type { SendResult } from '../provider.ts';

export type Apis = { apps: AppsV1Api; autoscaling: AutoscalingV2Api };
/** One call of the library, its answer parsed as `schema`; `contentType` of a patch. Throws `Answered` for what the API refuses. */
export type Ask = <T extends z.ZodType>(
  schema: T,
  send: (apis: Apis) => Promise<unknown>,
  contentType?: string,
) => Promise<z.infer<T>>;

/** The API answered, and not with success. */
export class Answered extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(`the cluster answered ${status}: ${text}`);
    this.status = status;
  }
}

/** Calls that end with the signal. The library comes with the first target that needs it: it is large. */
export async function openClient(access: ClusterAccess, signal: AbortSignal): Promise<Ask> {
  const client = await import('@kubernetes/client-node');
  const authMethods = { default: filled(new client.KubeConfig(), access) };
  const baseServer = new client.ServerConfiguration(access.server.replace(/\/$/, ''), {});
  return async (schema, send, contentType) => {
    // The library's classes drop fields that they do not know, so the answer is taken as it was sent.
    let text = '';
    const watching = {
      pre(request: InstanceType<typeof client.RequestContext>) {
        request.setSignal(signal);
        if (contentType !== undefined) request.setHeaderParam('Content-Type', contentType);
        return Promise.resolve(request);
      },
      async post({ httpStatusCode, headers, body }: InstanceType<typeof client.ResponseContext>) {
        text = await body.text();
        const again = { text: () => Promise.resolve(text), binary: () => Promise.resolve(Buffer.from(text)) };
        return new client.ResponseContext(httpStatusCode, headers, again);
      },
    };
    const configuration = client.createConfiguration({ baseServer, authMethods, promiseMiddleware: [watching] });
    const apps = new client.AppsV1Api(configuration);
    const autoscaling = new client.AutoscalingV2Api(configuration);
    await send({ apps, autoscaling }).catch((error: unknown) => {
      throw error instanceof client.ApiException ? new Answered(Number(error.code), words(text)) : error;
    });
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw new Error(`the answer is not as Kubernetes documents it: ${z.prettifyError(parsed.error)}`);
  };
}

function filled(config: KubeConfig, { server, token, ca, cert, key }: ClusterAccess): KubeConfig {
  config.loadFromClusterAndUser(
    // The library wants to hear this of plain http, which has no certificate to check.
    { name: 'cluster', server, skipTLSVerify: server.startsWith('http:'), ...(ca && { caData: base64(ca) }) },
    {
      name: 'nightshift',
      ...(token && { token }),
      ...(cert && { certData: base64(cert) }),
      ...(key && { keyData: base64(key) }),
    },
  );
  return config;
}

const base64 = (pem: Buffer) => pem.toString('base64');

/** The message of a Status object, which is what kubectl shows; else the text as it is. */
function words(text: string): string {
  return parse(z.object({ message: z.string() }), text)?.message ?? (text.trim() || 'nothing');
}

const notConnected = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|certificate/;

/** What a thrown error means for a change that was sent. The API answers 5xx also where its store took the change. */
export function sendFailure(error: unknown, signal: AbortSignal): SendResult {
  const detail = errorMessage(error);
  if (error instanceof Answered) {
    if (error.status >= 500) return { outcome: 'uncertain', detail };
    return mayPass(error) ? { outcome: 'failed', detail, again: true } : { outcome: 'refused', detail };
  }
  if (signal.aborted) return { outcome: 'uncertain', detail: 'no answer in time' };
  if (notConnected.test(detail)) return { outcome: 'failed', detail, again: true };
  return { outcome: 'uncertain', detail };
}

/** Whether asking once more may help: nobody answered, or "not now", or somebody else was quicker. */
export const mayPass = (error: unknown) =>
  !(error instanceof Answered) || error.status >= 500 || error.status === 429 || error.status === 409;
