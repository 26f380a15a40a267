-- Up Migration

-- One climb of a policy's ladder per incident and generation. `level` and `round` are what is notified next, at `next_at`;
-- no `next_at`: the climb has ended.
CREATE TABLE escalation (
  incident_id text NOT NULL REFERENCES incident,
  generation  integer NOT NULL,
  policy      text NOT NULL,
  level       integer NOT NULL,
  round       integer NOT NULL DEFAULT 0,
  next_at     timestamptz,
  PRIMARY KEY (incident_id, generation)
);
CREATE INDEX escalation_due ON escalation (next_at) WHERE next_at IS NOT NULL;

-- Pages owed and sent. At least once; the dedup key is the same however often.
CREATE TABLE notification (
  id          text PRIMARY KEY,
  dedup_key   text NOT NULL UNIQUE,
  incident_id text NOT NULL REFERENCES incident,
  -- Which climb of the ladder this page belongs to, and which round of it.
  generation  integer NOT NULL DEFAULT 0,
  round       integer NOT NULL DEFAULT 0,
  level       integer NOT NULL,
  channel     text NOT NULL,
  recipient   text NOT NULL,
  page        jsonb NOT NULL,
  state       text NOT NULL CHECK (state IN ('pending', 'sent', 'failed', 'cancelled')),
  attempts    integer NOT NULL DEFAULT 0,
  next_at     timestamptz NOT NULL,
  sent_at     timestamptz,
  error       text
);
CREATE INDEX notification_due ON notification (next_at) WHERE state = 'pending';
CREATE INDEX notification_incident ON notification (incident_id);

-- Down Migration
DROP TABLE notification, escalation;
