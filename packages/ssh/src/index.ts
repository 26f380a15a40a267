export { openMachines, type Machines } from './machines.ts';
export { collect, type Ran } from './output.ts';
