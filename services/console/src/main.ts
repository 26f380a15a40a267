import { main } from '@nightshift/runtime';
import { Config } from './config.ts';
import { startConsole } from './service.ts';

await main({ name: 'console', config: Config, start: startConsole });
