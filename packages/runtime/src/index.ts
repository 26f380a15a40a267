export { loadCatalogue, watchCatalogue } from './catalogue/load.ts';
export { loadClassification, watchClassification } from './classification.ts';
export { CommonConfig, describeConfig, readConfig, type ConfigVariable } from './config.ts';
export { clusterAccess, type ClusterAccess } from './kubeconfig.ts';
export { signLink, verifyLink, type LinkClaims } from './link.ts';
export { createLogger, type Logger } from './logger.ts';
export type { Metrics } from './metrics.ts';
export { AddressRefused, addressRefusal, outgoing } from './outgoing.ts';
export { redactText } from './redact.ts';
export {
  lookAtSeries,
  seriesByService,
  type SeenSeries,
  type SeriesPage,
  type SeriesQuestion,
  type ServiceSeries,
} from './series.ts';
export {
  main,
  startService,
  type Deps,
  type Running,
  type ServiceSpec,
  type StageHandlers,
  type Started,
} from './service.ts';
export {
  activeTokens,
  createToken,
  createTokenCheck,
  hashToken,
  listTokens,
  revokeToken,
  limitToken,
  rotateToken,
  tokenCacheMs,
  TokenLimits,
  type ActiveToken,
  type Token,
  type TokenCheck,
  type TokenScope,
} from './token.ts';
export { fingerprint, watchLoaded, watchYaml, watchYamlFolder, type Versioned, type Watched } from './watch.ts';
export { formatProblems, loadYaml, parseYaml, valueOf, type Loaded, type Problem } from './yaml.ts';
