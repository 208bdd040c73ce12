-- What is not whole is fetched again, and what is held of it stays until then.

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- media_held: the content that a file had when somebody let it be fetched again
-- (media.state left ready then). It stays in the store of objects: the file is
-- ready with it again when WeCom gives nothing better and it can be read, or when
-- the same content was stored anew for another file. A row whose file is ready
-- says nothing any more.
CREATE TABLE media_held (
	media_id uuid PRIMARY KEY REFERENCES media ON DELETE CASCADE,
	sha256   bytea NOT NULL,                -- media_objects
	flag     text NOT NULL,                 -- media.flag as it was; '': it was whole, and the object is missing or damaged
	held_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX media_held_sha256 ON media_held (sha256);

ALTER TABLE media_objects ADD COLUMN work_stops integer NOT NULL DEFAULT 0; -- times it was put back although it had not failed; part of work_claim as work_attempt is

-- +goose Down
SET LOCAL lock_timeout = '2s';
ALTER TABLE media_objects DROP COLUMN work_stops;
UPDATE media SET state = 'ready', sha256 = h.sha256, flag = h.flag, waits = false, claim = claim + 1, finished_at = now()
FROM media_held h WHERE h.media_id = media.id AND media.state <> 'ready';
DROP TABLE media_held;
