import { main } from '@nightshift/runtime';
import { Config } from './config.ts';
import { startEscalation } from './service.ts';

await main({ name: 'escalation', config: Config, start: startEscalation });
