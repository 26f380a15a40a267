import type { DetectionConfig } from '@nightshift/types';
import { adaptive } from './adaptive/algorithm.ts';
import type { Detector } from './detector.ts';
import { endless, type Room } from './room.ts';
import { seriesDetector } from './series/detector.ts';
import { zscore } from './zscore/algorithm.ts';

const algorithms: Record<DetectionConfig['detector'], (config: DetectionConfig, room: Room) => Detector> = {
  zscore: (config, room) => seriesDetector(zscore, [adaptive.layout], config, room),
  adaptive: (config, room) => seriesDetector(adaptive, [zscore.layout], config, room),
};

/** The detector that the configuration names, with nothing learned yet. Series beyond the `room` are dropped, known ones go on. */
export function createDetector(config: DetectionConfig, room = endless): Detector {
  return algorithms[config.detector](config, room);
}
