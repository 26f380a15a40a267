import type { Check } from '../check.ts';
import { custom } from './custom/custom.ts';
import { databaseConnections } from './database-connections/database-connections.ts';
import { databaseLocks } from './database-locks/database-locks.ts';
import { databaseReplication } from './database-replication/database-replication.ts';
import { databaseSize } from './database-size/database-size.ts';
import { dependencyHealth } from './dependency-health/dependency-health.ts';
import { diskUsage } from './disk-usage/disk-usage.ts';
import { dnsProbe } from './dns-probe/dns-probe.ts';
import { dockerContainer } from './docker-container/docker-container.ts';
import { hostPressure } from './host-pressure/host-pressure.ts';
import { httpProbe } from './http-probe/http-probe.ts';
import { kubernetesWorkload } from './kubernetes-workload/kubernetes-workload.ts';
import { logPatterns } from './log-patterns/log-patterns.ts';
import { prometheusQuery } from './prometheus-query/prometheus-query.ts';
import { queueBacklog } from './queue-backlog/queue-backlog.ts';
import { recentChanges } from './recent-changes/recent-changes.ts';
import { recentDeployments } from './recent-deployments/recent-deployments.ts';
import { redisHealth } from './redis-health/redis-health.ts';
import { similarIncidents } from './similar-incidents/similar-incidents.ts';
import { tcpProbe } from './tcp-probe/tcp-probe.ts';
import { tlsExpiry } from './tls-expiry/tls-expiry.ts';

/** Every check there is. A new one is a module beside these and a line here. */
export const checks: readonly Check[] = [
  databaseConnections,
  databaseLocks,
  databaseReplication,
  databaseSize,
  redisHealth,
  diskUsage,
  hostPressure,
  recentDeployments,
  recentChanges,
  dependencyHealth,
  similarIncidents,
  httpProbe,
  tcpProbe,
  dnsProbe,
  tlsExpiry,
  kubernetesWorkload,
  dockerContainer,
  queueBacklog,
  prometheusQuery,
  logPatterns,
  custom,
];
