-- Up Migration

-- What senders say that a metric is: the type in its metadata.
CREATE TABLE metric_kind (
  metric     text PRIMARY KEY,
  kind       text NOT NULL CHECK (kind IN ('gauge', 'counter', 'histogram', 'summary', 'unknown')),
  said_at    timestamptz NOT NULL DEFAULT nightshift_now(),
  changed_at timestamptz NOT NULL DEFAULT nightshift_now()
);
CREATE INDEX metric_kind_changed ON metric_kind (changed_at DESC);

-- A series' shard is id % shards. What must meet in one shard gets an id that leads there: the next in turn that does.
CREATE FUNCTION series_id(home integer, shards integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  id bigint;
BEGIN
  LOOP
    id := nextval('series_id_seq');
    EXIT WHEN home IS NULL OR id % shards = home;
  END LOOP;
  RETURN id;
END $$;

-- Those that counted before now live anywhere: they are registered anew when they send again. Their history stays.
UPDATE series SET key = 'before signals: ' || key WHERE name ~ '_(total|per_second|bucket|sum|count)$';

-- What a shard has counted for signals that are made of several series.
ALTER TABLE shard ADD COLUMN signals bytea;

-- Down Migration
ALTER TABLE shard DROP COLUMN signals;
UPDATE series SET key = substr(key, length('before signals: ') + 1) WHERE key LIKE 'before signals: %';
DROP FUNCTION series_id;
DROP TABLE metric_kind;
