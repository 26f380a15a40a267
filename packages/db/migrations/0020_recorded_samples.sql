-- Up Migration

-- The samples of the last hours, as the detector judged them: for backtests. A row holds some seconds of one shard: a packed
-- batch (packages/types/src/batch.ts), deflated (raw). Samples taken after `recorded_at` by a minute and more were not judged.
CREATE TABLE recorded_samples (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shard       integer NOT NULL REFERENCES shard,
  recorded_at timestamptz NOT NULL DEFAULT nightshift_now(),
  samples     integer NOT NULL,
  bytes       integer NOT NULL,
  batch       bytea NOT NULL
);
-- Packed already: the server need not try.
ALTER TABLE recorded_samples ALTER COLUMN batch SET STORAGE EXTERNAL;
CREATE INDEX recorded_samples_shard ON recorded_samples (shard, id) INCLUDE (bytes, recorded_at);

-- Down Migration
DROP TABLE recorded_samples;
