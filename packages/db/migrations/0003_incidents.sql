-- Up Migration

CREATE TABLE incident (
  id              text PRIMARY KEY,
  fingerprint     text NOT NULL,
  service         text NOT NULL,
  title           text NOT NULL,
  type            text NOT NULL,
  severity        text NOT NULL,
  state           text NOT NULL,
  version         integer NOT NULL,
  generation      integer NOT NULL,
  decisions       integer NOT NULL DEFAULT 0,
  reopens         integer NOT NULL DEFAULT 0,
  onset_at        timestamptz NOT NULL,
  opened_at       timestamptz NOT NULL,
  acted_at        timestamptz,
  resolved_at     timestamptz,
  deadline_at     timestamptz,
  resolution      text,
  acknowledged_by text,
  acknowledged_at timestamptz,
  runbook         text,
  -- No state without a deadline: nothing can be forgotten.
  CHECK (state = 'closed' OR deadline_at IS NOT NULL)
);
CREATE UNIQUE INDEX incident_one_open ON incident (fingerprint) WHERE state NOT IN ('resolved', 'closed');
CREATE INDEX incident_overdue ON incident (deadline_at) WHERE state <> 'closed';
CREATE INDEX incident_newest ON incident (opened_at DESC);

-- The timeline: append-only, also for whoever has the password.
CREATE TABLE event (
  incident_id text NOT NULL REFERENCES incident,
  seq         integer NOT NULL,
  at          timestamptz NOT NULL,
  actor       text NOT NULL,
  from_state  text,
  to_state    text,
  event       jsonb NOT NULL,
  PRIMARY KEY (incident_id, seq)
);
CREATE FUNCTION event_is_append_only() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'the timeline is append-only'; END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
  FOR EACH STATEMENT EXECUTE FUNCTION event_is_append_only();

-- Listeners (the console's live page) hear of every event when it is committed.
CREATE FUNCTION event_announce() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN PERFORM pg_notify('nightshift_incident', NEW.incident_id); RETURN NULL; END $$;
CREATE TRIGGER event_announced AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_announce();

-- Jobs owed. A row is offered to the queue under one stable id, again after a doubling back-off, until it is done.
CREATE TABLE outbox (
  incident_id text NOT NULL REFERENCES incident,
  stage       text NOT NULL,
  generation  integer NOT NULL,
  due_at      timestamptz NOT NULL,
  sends       integer NOT NULL DEFAULT 0,
  done_at     timestamptz,
  PRIMARY KEY (incident_id, stage, generation)
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE done_at IS NULL;

CREATE TABLE diagnostic (
  incident_id text NOT NULL REFERENCES incident,
  generation  integer NOT NULL,
  check_name  text NOT NULL,
  target      text NOT NULL,
  status      text NOT NULL CHECK (status IN ('ok', 'degraded', 'down', 'unknown')),
  facts       jsonb NOT NULL,
  output      text NOT NULL,
  taken_at    timestamptz NOT NULL,
  duration_ms double precision NOT NULL,
  PRIMARY KEY (incident_id, generation, check_name, target)
);

-- Samples of an incident's series: the history at its opening, then every fresh one. Chart and proof of recovery.
CREATE TABLE point (
  incident_id text NOT NULL REFERENCES incident,
  series_id   bigint NOT NULL REFERENCES series,
  at          timestamptz NOT NULL,
  value       double precision NOT NULL,
  expected    double precision,
  low         double precision,
  high        double precision,
  PRIMARY KEY (incident_id, series_id, at)
);
ALTER TABLE anomaly ADD FOREIGN KEY (incident_id) REFERENCES incident;

CREATE TABLE postmortem (
  incident_id text PRIMARY KEY REFERENCES incident,
  written_at  timestamptz NOT NULL DEFAULT nightshift_now(),
  data        jsonb NOT NULL
);

-- Down Migration
DROP TABLE postmortem, point, diagnostic, outbox, event;
DROP FUNCTION event_is_append_only, event_announce;
ALTER TABLE anomaly DROP CONSTRAINT anomaly_incident_id_fkey;
DROP TABLE incident;
