-- Up Migration

-- Alerts that others raised, by the canonical text of their labels: one episode from firing to resolved.
CREATE TABLE alert (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key         text NOT NULL,
  name        text NOT NULL,
  service     text NOT NULL,
  severity    text NOT NULL CHECK (severity IN ('warning', 'critical')),
  summary     text NOT NULL,
  started_at  timestamptz NOT NULL,
  seen_at     timestamptz NOT NULL DEFAULT nightshift_now(),
  ended_at    timestamptz,
  incident_id text NOT NULL REFERENCES incident,
  UNIQUE (key, started_at)
);
CREATE UNIQUE INDEX alert_firing ON alert (key) WHERE ended_at IS NULL;
CREATE INDEX alert_incident ON alert (incident_id);

-- Down Migration
DROP TABLE alert;
