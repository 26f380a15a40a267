/** What every process of the shop is told through its environment. */
export type ShopConfig = {
  /** Base URL and token of Nightshift's ingest; samples and deployments go there. */
  ingestUrl: string;
  ingestToken: string;
  /** Bearer token of the control API, and its port; 0: a free one. */
  controlToken: string;
  controlPort: number;
  /** Port of the shop itself; 0: a free one. */
  port: number;
  /** Folder that outlives the processes. */
  stateDir: string;
  /** How much history is sent at the first start, so that detection need not learn first. */
  historySeconds: number;
};

type Env = Record<string, string | undefined>;

/** Reads the environment; throws an Error that names every variable that is missing or wrong. */
export function readShopConfig(env: Env): ShopConfig {
  const problems: string[] = [];
  const text = (name: string) => {
    const value = env[name];
    if (!value) problems.push(`${name} is not set`);
    return value ?? '';
  };
  const whole = (name: string, fallback: number, most: number) => {
    const value = Number(env[name] || fallback);
    if (!Number.isInteger(value) || value < 0 || value > most)
      problems.push(`${name} must be a whole number from 0 to ${most}`);
    return value;
  };
  const config = {
    ingestUrl: text('SHOP_INGEST_URL').replace(/\/$/, ''),
    ingestToken: text('SHOP_INGEST_TOKEN'),
    controlToken: text('SHOP_CONTROL_TOKEN'),
    controlPort: whole('SHOP_CONTROL_PORT', 0, 65_535),
    port: whole('SHOP_PORT', 0, 65_535),
    stateDir: text('SHOP_STATE_DIR'),
    historySeconds: whole('SHOP_HISTORY_SECONDS', 600, 1_800),
  };
  if (problems.length > 0) throw new Error(problems.join('; '));
  return config;
}
