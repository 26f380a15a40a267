import { dayBinMs, dayBins, spreadBinMs, spreadBins, weekBinMs, weekBins } from './constants.ts';

const bin = (at: number, binMs: number, bins: number) => {
  const found = Math.floor(at / binMs) % bins;
  return found < 0 ? found + bins : found;
};

/** Cells of a series' profiles for a time. */
export const dayCell = (row: number, at: number): number => row * dayBins + bin(at, dayBinMs, dayBins);
export const weekCell = (row: number, at: number): number => row * weekBins + bin(at, weekBinMs, weekBins);
export const spreadCell = (row: number, at: number): number => row * spreadBins + bin(at, spreadBinMs, spreadBins);
