-- Up Migration

-- Who changed what, in one chain: each entry's hash is over the hash before it and its own text. Append-only.
CREATE TABLE audit (
  seq  bigint PRIMARY KEY,
  -- JSON with keys in one order and no needless spaces, as it was hashed: seq, at (epoch ms), actor, kind, subject, content.
  body text NOT NULL,
  prev bytea NOT NULL,
  hash bytea NOT NULL UNIQUE
);
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- Runs at commit (deferred), so that the lock which puts entries in one order is held for the commit alone.
CREATE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was    jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  is_now jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  entry  jsonb := coalesce(is_now, was);
  last   audit%ROWTYPE;
  body   text;
BEGIN
  IF was = is_now THEN RETURN NULL; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('nightshift audit', 0));
  SELECT * INTO last FROM audit ORDER BY seq DESC LIMIT 1;
  body := jsonb_build_object(
    'seq', coalesce(last.seq, 0) + 1,
    'at', (extract(epoch FROM nightshift_now()) * 1000)::bigint,
    'kind', TG_TABLE_NAME,
    'subject', entry->>TG_ARGV[0],
    'actor', coalesce(entry->>'ended_by', entry->>'approver', entry->>'by', current_setting('application_name')),
    'content', CASE TG_OP
      WHEN 'INSERT' THEN jsonb_build_object('new', is_now)
      WHEN 'DELETE' THEN jsonb_build_object('deleted', was)
      ELSE (SELECT jsonb_build_object('was', jsonb_object_agg(key, was->key), 'is', jsonb_object_agg(key, value))
              FROM jsonb_each(is_now) WHERE value IS DISTINCT FROM was->key)
    END)::text;
  INSERT INTO audit VALUES (
    coalesce(last.seq, 0) + 1, body, coalesce(last.hash, ''), sha256(coalesce(last.hash, '') || convert_to(body, 'UTF8')));
  RETURN NULL;
END $$;

-- Which configuration was in force, by the hash of what it says; the newest of a name is.
CREATE TABLE config_version (
  id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  hash text NOT NULL,
  at   timestamptz NOT NULL DEFAULT nightshift_now()
);
CREATE INDEX config_version_of ON config_version (name, id DESC);

CREATE CONSTRAINT TRIGGER action_audited AFTER INSERT OR UPDATE OR DELETE ON action
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('id');
CREATE CONSTRAINT TRIGGER plan_audited AFTER INSERT OR UPDATE OR DELETE ON plan
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('hash');
CREATE CONSTRAINT TRIGGER approval_audited AFTER INSERT OR UPDATE OR DELETE ON approval
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('id');
CREATE CONSTRAINT TRIGGER decision_audited AFTER INSERT OR UPDATE OR DELETE ON decision
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('approval_id');
CREATE CONSTRAINT TRIGGER setting_audited AFTER INSERT OR UPDATE OR DELETE ON setting
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('key');
CREATE CONSTRAINT TRIGGER change_freeze_audited AFTER INSERT OR UPDATE OR DELETE ON change_freeze
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('id');
CREATE CONSTRAINT TRIGGER silence_audited AFTER INSERT OR UPDATE OR DELETE ON silence
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('id');
CREATE CONSTRAINT TRIGGER runbook_mode_audited AFTER INSERT OR UPDATE OR DELETE ON runbook_mode
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('runbook');
CREATE CONSTRAINT TRIGGER runbook_version_audited AFTER INSERT OR UPDATE OR DELETE ON runbook_version
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('id');
CREATE CONSTRAINT TRIGGER config_version_audited AFTER INSERT OR UPDATE OR DELETE ON config_version
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('name');

-- Down Migration
DROP TABLE config_version;
DROP TRIGGER action_audited ON action;
DROP TRIGGER plan_audited ON plan;
DROP TRIGGER approval_audited ON approval;
DROP TRIGGER decision_audited ON decision;
DROP TRIGGER setting_audited ON setting;
DROP TRIGGER change_freeze_audited ON change_freeze;
DROP TRIGGER silence_audited ON silence;
DROP TRIGGER runbook_mode_audited ON runbook_mode;
DROP TRIGGER runbook_version_audited ON runbook_version;
DROP TABLE audit;
DROP FUNCTION audit_change, audit_is_append_only;
