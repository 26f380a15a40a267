import type { Check } from '../check.ts';
import { databaseConnections } from './database-connections/database-connections.ts';
import { diskUsage } from './disk-usage/disk-usage.ts';
import { httpProbe } from './http-probe/http-probe.ts';
import { recentDeployments } from './recent-deployments/recent-deployments.ts';
import { redisHealth } from './redis-health/redis-health.ts';

/** Every check there is. A new one is a module beside these and a line here. */
export const checks: readonly Check[] = [databaseConnections, redisHealth, diskUsage, recentDeployments, httpProbe];
