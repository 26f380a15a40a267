-- Up Migration

-- A series is a metric name plus its sorted labels; `key` is their canonical text, so identity never rests on a hash.
CREATE TABLE series (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key        text NOT NULL UNIQUE,
  name       text NOT NULL,
  labels     jsonb NOT NULL,
  service    text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT nightshift_now()
);
CREATE INDEX series_service ON series (service);

CREATE TABLE deployment (
  id               text PRIMARY KEY,
  service          text NOT NULL,
  version          text NOT NULL,
  previous_version text,
  deployed_at      timestamptz NOT NULL,
  by               text,
  url              text,
  UNIQUE (service, version, deployed_at)
);
CREATE INDEX deployment_recent ON deployment (service, deployed_at DESC);

-- Live processes that share shards; one that stops beating is dead to the others.
CREATE TABLE member (
  id      text PRIMARY KEY,
  service text NOT NULL,
  pid     integer NOT NULL, -- Postgres backend that holds its advisory locks
  beat_at timestamptz NOT NULL DEFAULT nightshift_now()
);

-- Each take-over of a shard raises its epoch; a writer with an older epoch writes nothing.
CREATE TABLE shard (
  shard    integer PRIMARY KEY,
  epoch    bigint NOT NULL DEFAULT 0,
  owner    text,
  state    bytea,
  state_at timestamptz
);

-- An episode of one series outside its band; at most one per series has not ended.
CREATE TABLE anomaly (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  series_id   bigint NOT NULL REFERENCES series,
  service     text NOT NULL,
  incident_id text,
  started_at  timestamptz NOT NULL,
  last_at     timestamptz NOT NULL,
  ended_at    timestamptz,
  value       double precision NOT NULL,
  expected    double precision NOT NULL,
  low         double precision NOT NULL,
  high        double precision NOT NULL,
  score       double precision NOT NULL,
  severity    text NOT NULL CHECK (severity IN ('warning', 'critical')),
  direction   text NOT NULL CHECK (direction IN ('up', 'down'))
);
CREATE UNIQUE INDEX anomaly_running ON anomaly (series_id) WHERE ended_at IS NULL;
CREATE INDEX anomaly_recent ON anomaly (service, last_at);
CREATE INDEX anomaly_incident ON anomaly (incident_id) WHERE incident_id IS NOT NULL;

-- Down Migration
DROP TABLE anomaly, shard, member, deployment, series;
