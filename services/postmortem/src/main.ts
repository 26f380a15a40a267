import { main } from '@nightshift/runtime';
import { Config } from './config.ts';
import { startPostmortem } from './service.ts';

await main({ name: 'postmortem', config: Config, start: startPostmortem });
