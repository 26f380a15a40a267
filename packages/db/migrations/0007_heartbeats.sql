-- Up Migration

-- Who promised to be heard of, and how often; silence beyond that is an alert.
CREATE TABLE heartbeat (
  name        text PRIMARY KEY,
  service     text NOT NULL,
  interval_ms bigint NOT NULL,
  beat_at     timestamptz NOT NULL,
  missed      boolean NOT NULL DEFAULT false
);

-- Down Migration
DROP TABLE heartbeat;
