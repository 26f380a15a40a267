-- Up Migration

-- Runbooks as they were when an incident used them, by content hash.
CREATE TABLE runbook_version (
  hash    text PRIMARY KEY,
  id      text NOT NULL,
  content jsonb NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT nightshift_now()
);

-- Intent before effect: a row stands here, committed, before anything is sent.
CREATE TABLE action (
  id           text PRIMARY KEY,
  incident_id  text NOT NULL REFERENCES incident,
  generation   integer NOT NULL,
  step         integer NOT NULL,
  type         text NOT NULL,
  target       text NOT NULL,
  service      text NOT NULL,
  provider     text NOT NULL,
  class        text NOT NULL CHECK (class IN ('idempotent', 'probe', 'once')),
  plan_hash    text NOT NULL,
  -- The whole planned action, as hashed.
  planned      jsonb NOT NULL,
  -- Instances this adds; counted against the limit.
  quantity     integer NOT NULL DEFAULT 0,
  state        text NOT NULL CHECK (state IN ('planned', 'dispatching', 'succeeded', 'failed', 'denied', 'unknown', 'cancelled')),
  attempts     integer NOT NULL DEFAULT 0,
  fence        bigint NOT NULL DEFAULT 0,
  lease_until  timestamptz,
  admitted_at  timestamptz,
  finished_at  timestamptz,
  detail       text,
  UNIQUE (incident_id, generation, step)
);
CREATE INDEX action_window ON action (target, admitted_at) WHERE admitted_at IS NOT NULL;
CREATE INDEX action_service_window ON action (service, admitted_at) WHERE admitted_at IS NOT NULL;
CREATE INDEX action_global_window ON action (admitted_at) WHERE admitted_at IS NOT NULL;

-- One row per scope (target, type, service, global). Updating it is what makes concurrent admissions queue up.
CREATE TABLE budget (
  scope text PRIMARY KEY,
  v     bigint NOT NULL DEFAULT 0
);

CREATE TABLE approval (
  id           text PRIMARY KEY,
  incident_id  text NOT NULL REFERENCES incident,
  generation   integer NOT NULL,
  plan_hash    text NOT NULL,
  runbook      text NOT NULL,
  summary      text NOT NULL,
  required     integer NOT NULL CHECK (required >= 1),
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  state        text NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'expired', 'used')),
  UNIQUE (incident_id, generation)
);
CREATE TABLE decision (
  approval_id text NOT NULL REFERENCES approval,
  approver    text NOT NULL,
  verdict     text NOT NULL CHECK (verdict IN ('approve', 'reject')),
  reason      text NOT NULL DEFAULT '',
  at          timestamptz NOT NULL,
  PRIMARY KEY (approval_id, approver)
);

-- Down Migration
DROP TABLE decision, approval, budget, action, runbook_version;
