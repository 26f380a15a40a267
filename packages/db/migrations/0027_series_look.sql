-- Up Migration

-- Series that somebody looks at just now, and what their detector last said of them. Nothing that must survive a crash.
CREATE UNLOGGED TABLE series_look (
  series_id bigint PRIMARY KEY,
  asked_at  timestamptz NOT NULL DEFAULT nightshift_now(),
  at        timestamptz,
  value     double precision,
  low       double precision,
  high      double precision,
  state     text
);

-- Down Migration
DROP TABLE series_look;
