-- Rules that tell one viewer alone: searches that somebody wants to be told of.

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- viewer_id: the rule looks at the chats in this viewer's scope and tells nobody
-- else, and its violations are theirs alone; NULL: everybody's.
ALTER TABLE rules ADD COLUMN viewer_id bigint REFERENCES viewers ON DELETE CASCADE;
ALTER TABLE violations ADD COLUMN viewer_id bigint REFERENCES viewers ON DELETE CASCADE;
-- The index violations_private is built later, while the table is in use (00018).

-- +goose Down
SET LOCAL lock_timeout = '2s';
DELETE FROM violations WHERE viewer_id IS NOT NULL;
DELETE FROM rules WHERE viewer_id IS NOT NULL;
ALTER TABLE violations DROP COLUMN viewer_id;
ALTER TABLE rules DROP COLUMN viewer_id;
