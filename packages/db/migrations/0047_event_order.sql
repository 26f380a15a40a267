-- Up Migration

-- Commits that announce something wait for each other, their flush to disk included: of all steps of all incidents only one at a time
-- could be committed. Who follows the timeline asks for what is new.
DROP TRIGGER event_announced ON event;
DROP FUNCTION event_announce;
CREATE INDEX event_newest ON event (at DESC);

-- Down Migration
DROP INDEX event_newest;
CREATE FUNCTION event_announce() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN PERFORM pg_notify('nightshift_incident', NEW.incident_id); RETURN NULL; END $$;
CREATE TRIGGER event_announced AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_announce();
