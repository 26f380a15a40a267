import type { ActionType, Target, TargetKind } from '@nightshift/types';
import { bullmqProvider } from './bullmq/bullmq.ts';
import { diskProvider } from './disk/disk.ts';
import { dockerProvider } from './docker/docker.ts';
import { githubProvider } from './github/github.ts';
import { httpProvider } from './http/http.ts';
import { kubernetesProvider } from './kubernetes/kubernetes.ts';
import { processProvider } from './process/process.ts';
import type { Provider, ProviderOf } from './provider.ts';
import { redisProvider } from './redis/redis.ts';
import { sshProvider } from './ssh/ssh.ts';

/** Who performs actions on which kind of target. Kinds that are not here are only looked at. */
export type Providers = { [K in TargetKind]?: ProviderOf<K> };

export const providers: Providers = {
  process: processProvider,
  redis: redisProvider,
  disk: diskProvider,
  bullmq: bullmqProvider,
  docker: dockerProvider,
  github: githubProvider,
  http: httpProvider,
  kubernetes: kubernetesProvider,
  host: sshProvider,
};

/** The provider that can do this to that target, or null. */
export function providerFor(table: Providers, target: Target, type: ActionType): Provider | null {
  // The table's type ties each provider to its kind of target; TypeScript cannot follow that through a look-up.
  const provider = table[target.kind] as Provider | undefined;
  return provider?.supports.includes(type) ? provider : null;
}
