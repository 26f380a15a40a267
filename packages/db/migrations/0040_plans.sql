-- Up Migration

-- Every plan as a whole, by its hash: what was shown, signed and carried out, or would have been.
CREATE TABLE plan (
  hash        text PRIMARY KEY,
  incident_id text NOT NULL REFERENCES incident,
  generation  integer NOT NULL,
  content     jsonb NOT NULL,
  made_at     timestamptz NOT NULL DEFAULT nightshift_now()
);
CREATE INDEX plan_incident ON plan (incident_id);

-- Down Migration
DROP TABLE plan;
