import { findRunning } from './data-folder.ts';
import { dataFolder } from './folders.ts';

/** The environment that catalogue entries refer to: this command's own, and the demo shop's where it runs here. */
export function targetEnv(): Record<string, string | undefined> {
  try {
    const running = findRunning(dataFolder(process.env));
    return {
      SHOP_CONTROL_URL: running.shopControl,
      SHOP_CONTROL_TOKEN: running.shopControlToken,
      ...process.env,
    };
  } catch {
    return process.env; // it does not run here
  }
}
