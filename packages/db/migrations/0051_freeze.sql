-- Up Migration

-- When nothing is done to a service, or to anything, because a person said so. Always with an end; never deleted.
CREATE TABLE change_freeze (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  service    text,
  starts_at  timestamptz NOT NULL,
  ends_at    timestamptz NOT NULL,
  by         text NOT NULL,
  reason     text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT nightshift_now(),
  ended_at   timestamptz,
  ended_by   text,
  CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '30 days')
);
CREATE INDEX change_freeze_in_force ON change_freeze (ends_at) WHERE ended_at IS NULL;

-- Listeners hear of every switch and freeze when it is committed, wherever it was made.
CREATE FUNCTION setting_announce() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN PERFORM pg_notify('nightshift_setting', TG_TABLE_NAME); RETURN NULL; END $$;
CREATE TRIGGER setting_announced AFTER INSERT OR UPDATE ON setting FOR EACH ROW EXECUTE FUNCTION setting_announce();
CREATE TRIGGER change_freeze_announced AFTER INSERT OR UPDATE ON change_freeze FOR EACH ROW EXECUTE FUNCTION setting_announce();

-- Down Migration
DROP TRIGGER setting_announced ON setting;
DROP TABLE change_freeze;
DROP FUNCTION setting_announce;
