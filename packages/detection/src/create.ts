import type { DetectionConfig } from '@nightshift/types';
import { adaptive } from './adaptive/algorithm.ts';
import type { Detector } from './detector.ts';
import { seriesDetector } from './series/detector.ts';
import { zscore } from './zscore/algorithm.ts';

const algorithms: Record<DetectionConfig['detector'], (config: DetectionConfig) => Detector> = {
  zscore: (config) => seriesDetector(zscore, [adaptive.layout], config),
  adaptive: (config) => seriesDetector(adaptive, [zscore.layout], config),
};

/** The detector that the configuration names, with nothing learned yet. */
export function createDetector(config: DetectionConfig): Detector {
  return algorithms[config.detector](config);
}
