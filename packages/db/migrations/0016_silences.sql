-- Up Migration

-- What opens nothing for a while: maintenance, or what a person does not want to hear of. Always with an end; never deleted.
CREATE TABLE silence (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  service    text,
  metric     text,
  labels     jsonb NOT NULL DEFAULT '{}',
  starts_at  timestamptz NOT NULL,
  ends_at    timestamptz NOT NULL,
  by         text NOT NULL,
  reason     text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT nightshift_now(),
  ended_at   timestamptz,
  ended_by   text,
  CHECK (service IS NOT NULL OR metric IS NOT NULL OR labels <> '{}'),
  CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '30 days')
);
CREATE INDEX silence_in_force ON silence (ends_at) WHERE ended_at IS NULL;

-- Breaches that opened nothing, by series and reason: how often, and when first and last. `series_id` 0: none in particular.
CREATE TABLE why_not (
  service   text NOT NULL,
  metric    text NOT NULL,
  series_id bigint NOT NULL,
  because   text NOT NULL,
  detail    text NOT NULL,
  times     bigint NOT NULL,
  first_at  timestamptz NOT NULL,
  last_at   timestamptz NOT NULL,
  PRIMARY KEY (service, metric, series_id, because)
);
CREATE INDEX why_not_last ON why_not (last_at);

-- An alert that is held has no incident; it enters again when nothing holds it any more.
ALTER TABLE alert ALTER COLUMN incident_id DROP NOT NULL;
ALTER TABLE alert ADD COLUMN type text, ADD COLUMN sender text, ADD COLUMN labels jsonb;
CREATE INDEX alert_held ON alert (id) WHERE incident_id IS NULL AND ended_at IS NULL;

-- Down Migration
DROP INDEX alert_held;
ALTER TABLE alert DROP COLUMN type, DROP COLUMN sender, DROP COLUMN labels;
DELETE FROM alert WHERE incident_id IS NULL;
ALTER TABLE alert ALTER COLUMN incident_id SET NOT NULL;
DROP TABLE why_not, silence;
