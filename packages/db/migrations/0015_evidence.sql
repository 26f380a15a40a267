-- Up Migration

-- What the series of a service are out by together, as each shard has seen it within the window. A cache: anomalies are the truth.
CREATE TABLE service_evidence (
  service text NOT NULL,
  shard   integer NOT NULL,
  sum     double precision NOT NULL,
  at      timestamptz NOT NULL,
  PRIMARY KEY (service, shard)
);

-- How much evidence a service shows by itself: a running tail, of constant size.
CREATE TABLE service_tail (
  service text PRIMARY KEY,
  tail    jsonb NOT NULL
);

CREATE INDEX incident_of_fingerprint ON incident (fingerprint, opened_at DESC);

-- Down Migration
DROP INDEX incident_of_fingerprint;
DROP TABLE service_tail, service_evidence;
