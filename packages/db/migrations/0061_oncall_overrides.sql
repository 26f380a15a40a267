-- Up Migration

-- Who is on duty in the place of whom for a while. It counts once everybody whom it puts on duty agrees; never deleted.
CREATE TABLE oncall_override (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  schedule   text NOT NULL,
  person     text NOT NULL,
  -- NULL: in the place of everybody.
  instead_of text,
  starts_at  timestamptz NOT NULL,
  ends_at    timestamptz NOT NULL,
  reason     text NOT NULL,
  by         text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT nightshift_now(),
  -- The first override of an exchange: its parts count together or not at all.
  exchange   bigint NOT NULL,
  -- Who has to agree first; NULL: nobody but who asked.
  needs      text,
  agreed_at  timestamptz,
  ended_at   timestamptz,
  ended_by   text,
  -- The calendar event it comes from: importing it again changes it.
  source     text UNIQUE,
  CHECK (ends_at > starts_at)
);
CREATE INDEX oncall_override_open ON oncall_override (ends_at) WHERE ended_at IS NULL;

CREATE CONSTRAINT TRIGGER oncall_override_audited AFTER INSERT OR UPDATE OR DELETE ON oncall_override
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_change('id');

-- Down Migration
DROP TABLE oncall_override;
