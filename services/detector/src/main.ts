import { main } from '@nightshift/runtime';
import { Config } from './config.ts';
import { startDetector } from './service.ts';

await main({ name: 'detector', config: Config, start: startDetector });
