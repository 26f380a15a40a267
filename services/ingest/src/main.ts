import { main } from '@nightshift/runtime';
import { Config } from './config.ts';
import { startIngest } from './service.ts';

await main({ name: 'ingest', config: Config, start: startIngest });
