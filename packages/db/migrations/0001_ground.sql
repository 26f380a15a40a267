-- Up Migration

-- The one clock. Tests move it by setting `ahead`; production never writes this row.
CREATE TABLE clock (
  one   boolean PRIMARY KEY DEFAULT true CHECK (one),
  ahead interval NOT NULL DEFAULT '0'
);
INSERT INTO clock DEFAULT VALUES;

CREATE FUNCTION nightshift_now() RETURNS timestamptz LANGUAGE sql STABLE
  AS $$ SELECT clock_timestamp() + ahead FROM clock $$;

-- Times cross into SQL as epoch milliseconds: ms($1).
CREATE FUNCTION ms(bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT
  AS $$ SELECT to_timestamp($1 / 1000.0) $$;

-- Durable switches and facts of the installation: kill_switch, shard_count.
CREATE TABLE setting (
  key   text PRIMARY KEY,
  value jsonb NOT NULL,
  by    text NOT NULL,
  at    timestamptz NOT NULL DEFAULT nightshift_now()
);
-- There from the start: every admission locks this row, so that the first flip waits for nobody's luck.
INSERT INTO setting (key, value, by) VALUES ('kill_switch', '{"on": false, "reason": ""}', 'default');

CREATE TABLE api_token (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       text NOT NULL,
  token_hash bytea NOT NULL UNIQUE,
  scopes     text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT nightshift_now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

-- Down Migration
DROP TABLE api_token, setting;
DROP FUNCTION nightshift_now, ms;
DROP TABLE clock;
