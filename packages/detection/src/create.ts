import type { DetectionConfig } from '@nightshift/types';
import { createAdaptive } from './adaptive/detector.ts';
import type { Detector } from './detector.ts';
import { createZscore } from './zscore/detector.ts';

const algorithms: Record<DetectionConfig['detector'], (config: DetectionConfig) => Detector> = {
  zscore: createZscore,
  adaptive: createAdaptive,
};

/** The detector that the configuration names, with nothing learned yet. */
export function createDetector(config: DetectionConfig): Detector {
  return algorithms[config.detector](config);
}
