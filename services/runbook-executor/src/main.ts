import { main } from '@nightshift/runtime';
import { Config } from './config.ts';
import { startRunbookExecutor } from './service.ts';

await main({ name: 'runbook-executor', config: Config, start: startRunbookExecutor });
