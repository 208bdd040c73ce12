-- Media: the files of messages, fetched in the background and kept encrypted in
-- a store of their own (package media).

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- media: one row a file that WeCom holds. It may be named by many messages.
-- The bytes are those of the object sha256, once state is ready. What is pending
-- and does not wait is to be fetched now; what waits, since it failed or somebody
-- fetches it, is put back when due_at has come. So that the next one is found at
-- once, whatever waits.
CREATE TABLE media (
	id             uuid PRIMARY KEY,         -- first 16 bytes of SHA-256(sdkfileid)
	sdkfileid      text NOT NULL,            -- argument of GetMediaData
	kind           text NOT NULL,            -- content kind of the first message that named it: image, voice, video, emotion, file, call, doc_share
	size_bytes     bigint NOT NULL DEFAULT 0, -- as the message says; 0: it says nothing
	md5            text NOT NULL DEFAULT '', -- as the message says, lower-case hex; '': it says nothing
	msgtime        timestamptz NOT NULL,     -- of the newest message that names it: WeCom keeps it 5 days from then
	state          text NOT NULL DEFAULT 'pending',
	flag           text NOT NULL DEFAULT '', -- ready, but not as the message says: md5 | size
	sha256         bytea,                    -- media_objects; set when ready
	attempt        integer NOT NULL DEFAULT 0, -- failed ones since the last success or retry by a person
	waits          boolean NOT NULL DEFAULT false, -- pending: until due_at
	due_at         timestamptz NOT NULL DEFAULT now(), -- waits: tried again then, or whoever fetches it has died
	claimed_by     text NOT NULL DEFAULT '', -- process that fetched it last, for the operator
	claim          bigint NOT NULL DEFAULT 0, -- grows with each claim and its end: what comes back late changes nothing
	error_class    text NOT NULL DEFAULT '', -- of the last failure; codes of package media
	error          text NOT NULL DEFAULT '', -- for the operator; no secrets, no chat text
	failing_since  timestamptz,              -- first failure since the last success or retry by a person
	created_at     timestamptz NOT NULL DEFAULT now(),
	finished_at    timestamptz,              -- when state became what it is; NULL while pending
	CONSTRAINT media_state CHECK (state IN ('pending', 'ready', 'expired', 'refused', 'broken', 'over_limit')),
	CONSTRAINT media_flag CHECK (flag IN ('', 'md5', 'size')),
	CONSTRAINT media_ready CHECK ((state = 'ready') = (sha256 IS NOT NULL))
);
CREATE INDEX media_due ON media (msgtime) WHERE state = 'pending' AND NOT waits;
CREATE INDEX media_waits ON media (due_at) WHERE state = 'pending' AND waits;
CREATE INDEX media_pending ON media (msgtime) WHERE state = 'pending';
CREATE INDEX media_states ON media (state, flag);
CREATE INDEX media_failed ON media (failing_since) WHERE error_class <> '';
CREATE INDEX media_not_stored ON media (failing_since) WHERE state = 'pending' AND error_class = 'store';
CREATE INDEX media_finished ON media (finished_at) WHERE state = 'ready';
CREATE INDEX media_sha256 ON media (sha256) WHERE sha256 IS NOT NULL;

-- media_objects: one row a distinct content, by its SHA-256 before encryption,
-- and what was found out about it.
CREATE TABLE media_objects (
	sha256       bytea PRIMARY KEY,
	size_bytes   bigint NOT NULL,
	md5          text NOT NULL,              -- of the bytes, lower-case hex
	mime         text NOT NULL,              -- by the bytes, never by the name; application/octet-stream: unknown
	stored_at    timestamptz NOT NULL DEFAULT now(),
	work         text NOT NULL DEFAULT 'pending', -- looking into it: pending | done | failed
	work_attempt integer NOT NULL DEFAULT 0, -- failed ones
	work_due_at  timestamptz NOT NULL DEFAULT now(), -- not before; while somebody looks: then it is somebody else's turn
	work_claim   bigint NOT NULL DEFAULT 0,  -- as media.claim
	work_error   text NOT NULL DEFAULT '',
	width        integer NOT NULL DEFAULT 0, -- pixels as shown (EXIF turned); 0: none or unknown
	height       integer NOT NULL DEFAULT 0,
	duration_ms  bigint NOT NULL DEFAULT 0,  -- 0: none or unknown
	pages        integer NOT NULL DEFAULT 0, -- of a document; 0: none or unknown
	waveform     bytea,                      -- loudness, 48 bytes of 0 to 255; NULL: no sound
	codes        text[] NOT NULL DEFAULT '{}', -- contents of QR codes in the picture
	CONSTRAINT media_objects_work CHECK (work IN ('pending', 'done', 'failed'))
);
CREATE INDEX media_objects_due ON media_objects (work_due_at) WHERE work = 'pending';
CREATE INDEX media_objects_sizes ON media_objects (work, size_bytes);
CREATE INDEX media_objects_codes ON media_objects (sha256) WHERE codes <> '{}';

-- media_renditions: what was made of an object to be shown.
CREATE TABLE media_renditions (
	sha256     bytea NOT NULL REFERENCES media_objects ON DELETE CASCADE,
	name       text NOT NULL,               -- thumb | large | poster | audio | page-1 …
	mime       text NOT NULL,
	size_bytes bigint NOT NULL,
	width      integer NOT NULL DEFAULT 0,
	height     integer NOT NULL DEFAULT 0,
	CONSTRAINT media_renditions_pkey PRIMARY KEY (sha256, name)
);

-- message_media: the files and links of each message, in the order in which
-- they stand there: the media tab of a chat, and which messages name a file.
CREATE TABLE message_media (
	message_id uuid NOT NULL,               -- as in message_ids
	pos        integer NOT NULL,            -- from 0
	media_id   uuid REFERENCES media,       -- NULL: a link, or a file that WeCom gives no id for
	conv_id    bigint NOT NULL,
	msgtime    timestamptz NOT NULL,
	seq        bigint NOT NULL,
	tab        text NOT NULL,               -- visual (pictures, videos) | file | link | voice | none: shown in the chat only
	kind       text NOT NULL,               -- content kind of the part
	title      text NOT NULL DEFAULT '',    -- file name, title of the link
	CONSTRAINT message_media_pkey PRIMARY KEY (message_id, pos),
	CONSTRAINT message_media_tab CHECK (tab IN ('visual', 'file', 'link', 'voice', 'none'))
);
CREATE INDEX message_media_conv ON message_media (conv_id, tab, msgtime DESC, seq DESC, message_id, pos);
CREATE INDEX message_media_media ON message_media (media_id) WHERE media_id IS NOT NULL;

-- What is already stored is looked through for files like what comes: one item
-- a batch. WeCom keeps files for 5 days only, so newest first; and 100 a second
-- only, so that what comes meanwhile is not behind all of them.
CREATE TEMPORARY TABLE media_upto ON COMMIT DROP AS SELECT COALESCE(max(id), 0) AS id FROM batches;
INSERT INTO outbox (kind, args, scheduled_at)
SELECT 'media', jsonb_build_object('batch_id', id), now() + (row_number() OVER (ORDER BY id DESC) - 1) / 100 * interval '1 second'
FROM batches WHERE added > 0 AND id <= (SELECT id FROM media_upto) ORDER BY id DESC;

-- media_batch_id: batches up to it have their item. What a process of an older
-- version stores beside or after this has none: the next batch brings it along.
-- These tables are needed by everybody and locked last.
ALTER TABLE pull_state ADD COLUMN media_batch_id bigint NOT NULL DEFAULT 0;
UPDATE pull_state SET media_batch_id = (SELECT id FROM media_upto);
ALTER TABLE alarms DROP CONSTRAINT alarms_subject,
	ADD CONSTRAINT alarms_subject CHECK (subject IN ('pull', 'keys', 'quarantine', 'work', 'database', 'media'));

-- +goose Down
SET LOCAL lock_timeout = '2s';
DELETE FROM alerts WHERE alarm_id IN (SELECT id FROM alarms WHERE subject = 'media');
DELETE FROM alarms WHERE subject = 'media';
ALTER TABLE alarms DROP CONSTRAINT alarms_subject,
	ADD CONSTRAINT alarms_subject CHECK (subject IN ('pull', 'keys', 'quarantine', 'work', 'database'));
ALTER TABLE pull_state DROP COLUMN media_batch_id;
DELETE FROM outbox WHERE kind = 'media';
DROP TABLE message_media, media_renditions, media_objects, media;
