import { findRunning } from '../data-folder.ts';
import { dataFolder } from '../folders.ts';
import { scenarioOf } from '../scenario.ts';
import { connectShop } from '../shop.ts';

/** Breaks the shop of the Nightshift that runs here, or undoes all faults. */
export async function fault(scenario: string): Promise<number> {
  if (scenario !== 'undo') scenarioOf(scenario);
  const running = findRunning(dataFolder(process.env));
  const shop = connectShop(running.shopControl, running.shopControlToken);
  if (scenario === 'undo') await shop.undo();
  else await shop.cause(scenario);
  process.stdout.write(
    scenario === 'undo' ? 'all faults are undone\n' : `fault caused: ${scenario}. Watch: ${running.console}\n`,
  );
  return 0;
}
