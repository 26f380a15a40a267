-- Up Migration

-- How each use of a runbook ended: written in the transaction that records the end. The evidence for promotion and demotion.
CREATE TABLE runbook_outcome (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id text NOT NULL REFERENCES incident,
  runbook     text NOT NULL,
  service     text NOT NULL,
  hash        text NOT NULL,
  succeeded   boolean NOT NULL,
  at          timestamptz NOT NULL DEFAULT nightshift_now()
);
CREATE INDEX runbook_outcome_of ON runbook_outcome (runbook, service, id DESC);

-- What a runbook may do for a service: every change of it, the newest in force. None: what its file says.
CREATE TABLE runbook_mode (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  runbook  text NOT NULL,
  service  text NOT NULL,
  mode     text NOT NULL CHECK (mode IN ('observe', 'approve', 'auto')),
  -- The version of the runbook that was promoted; a changed one has to earn it again.
  hash     text NOT NULL,
  by       text NOT NULL,
  reason   text NOT NULL,
  evidence jsonb NOT NULL,
  at       timestamptz NOT NULL DEFAULT nightshift_now()
);
CREATE INDEX runbook_mode_of ON runbook_mode (runbook, service, id DESC);
CREATE FUNCTION runbook_mode_is_append_only() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'changes of a mode are append-only'; END $$;
CREATE TRIGGER runbook_mode_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON runbook_mode
  FOR EACH STATEMENT EXECUTE FUNCTION runbook_mode_is_append_only();

-- Down Migration
DROP TABLE runbook_mode, runbook_outcome;
DROP FUNCTION runbook_mode_is_append_only;
