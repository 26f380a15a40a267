import { main } from '@nightshift/runtime';
import { Config } from './config.ts';
import { startDiagnostics } from './service.ts';

await main({ name: 'diagnostics', config: Config, start: startDiagnostics });
