-- The spine: pull ledger, messages, conversations, directory, access, outbox,
-- rules and alerts.
--
-- Words used throughout:
--   person    canonical id of whoever takes part in a chat (package personid):
--             a WeCom userid in lower case, or an external_userid as it is.
--   msgtime   time of sending, to the millisecond; see messages.time_source.
--   batch     what one transaction stored; batch ids follow the commit order.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd

-- leases: who may do work that only one process may do at a time. token grows
-- with each change of holder and is checked by every write under the lease, so
-- that a holder that was paused past expires_at can do no harm.
CREATE TABLE leases (
	name       text PRIMARY KEY,
	holder     text NOT NULL,
	token      bigint NOT NULL,
	expires_at timestamptz NOT NULL
);

-- pull_state: one row. seq is the largest seq whose page is durably stored.
-- received = stored + quarantined holds after every transaction; all three
-- count distinct msgids. duplicates counts deliveries of a msgid already held.
CREATE TABLE pull_state (
	id              smallint PRIMARY KEY DEFAULT 1,
	seq             bigint NOT NULL DEFAULT 0,
	last_batch_id   bigint NOT NULL DEFAULT 0,
	received        bigint NOT NULL DEFAULT 0,
	stored          bigint NOT NULL DEFAULT 0,
	quarantined     bigint NOT NULL DEFAULT 0, -- open ones
	duplicates      bigint NOT NULL DEFAULT 0,
	last_success_at timestamptz,               -- last answer from WeCom without error, empty ones included
	last_msgtime    timestamptz,               -- newest msgtime stored
	caught_up_at    timestamptz,               -- last empty answer: nothing newer existed then
	last_error_at   timestamptz,
	last_error      text NOT NULL DEFAULT '',  -- for the operator; no secrets, no chat text
	CONSTRAINT pull_state_one_row CHECK (id = 1),
	CONSTRAINT pull_state_balance CHECK (received = stored + quarantined)
);
INSERT INTO pull_state DEFAULT VALUES;

-- batches: one row a transaction that stored something: a pulled page, or
-- messages released from quarantine. The seq ledger.
CREATE TABLE batches (
	id          bigint PRIMARY KEY,
	kind        text NOT NULL,            -- page | release
	stored_at   timestamptz NOT NULL DEFAULT now(),
	from_seq    bigint NOT NULL,          -- cursor before; 0 for a release
	first_seq   bigint NOT NULL,
	last_seq    bigint NOT NULL,
	received    integer NOT NULL,         -- outer records in the answer
	added       integer NOT NULL,         -- messages stored
	quarantined integer NOT NULL,         -- kept as they came
	duplicates  integer NOT NULL,         -- msgids already held
	min_msgtime timestamptz,              -- of added; NULL when none was
	max_msgtime timestamptz,
	CONSTRAINT batches_kind CHECK (kind IN ('page', 'release'))
);

-- pulls: record of calls of GetChatData that brought messages or failed; runs
-- of empty answers are folded into one row (calls counts them).
CREATE TABLE pulls (
	id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	started_at  timestamptz NOT NULL,
	finished_at timestamptz NOT NULL,
	holder      text NOT NULL,
	from_seq    bigint NOT NULL,
	calls       integer NOT NULL DEFAULT 1,
	received    integer NOT NULL DEFAULT 0,
	batch_id    bigint,
	outcome     text NOT NULL,            -- stored | empty | error
	error_class text NOT NULL DEFAULT '',
	error_code  integer NOT NULL DEFAULT 0,
	error       text NOT NULL DEFAULT ''
);
CREATE INDEX pulls_started_at ON pulls (started_at DESC);

-- seq_gaps: numbers that WeCom skipped. Not proof of loss (finance-sdk.md 3.3).
-- kind window: the pause before it exceeded the 5 days that WeCom keeps
-- messages, so that messages may be missing.
CREATE TABLE seq_gaps (
	after_seq  bigint PRIMARY KEY,
	before_seq bigint NOT NULL,
	kind       text NOT NULL,             -- skipped | window
	noticed_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT seq_gaps_kind CHECK (kind IN ('skipped', 'window'))
);

-- message_ids: every msgid ever received, stored or quarantined, once. id is
-- the first 16 bytes of SHA-256(msgid); it is the public id of a message.
-- conv_id and msgtime are NULL while the message is in quarantine.
CREATE TABLE message_ids (
	id      uuid PRIMARY KEY,
	seq     bigint NOT NULL,
	conv_id bigint,
	msgtime timestamptz
);

-- conversations: a direct chat (unordered pair of persons) or a group (roomid).
CREATE TABLE conversations (
	id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind          text NOT NULL,          -- direct | group | log (switch records of one member)
	key           text NOT NULL,          -- direct: a LF b, a <= b; group: roomid; log: person
	person_a      text NOT NULL DEFAULT '',
	person_b      text NOT NULL DEFAULT '',
	roomid        text NOT NULL DEFAULT '',
	message_count bigint NOT NULL DEFAULT 0,
	last_msgtime  timestamptz,
	last_seq      bigint,
	last_id       uuid,
	last_from     text NOT NULL DEFAULT '',
	last_msgtype  text NOT NULL DEFAULT '',
	last_text     text NOT NULL DEFAULT '', -- first 120 characters of messages.text
	created_at    timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT conversations_kind_key UNIQUE (kind, key),
	CONSTRAINT conversations_kind CHECK (kind IN ('direct', 'group', 'log'))
);

-- conv_members: whoever sent or received a message of the conversation.
CREATE TABLE conv_members (
	conv_id  bigint NOT NULL REFERENCES conversations,
	person   text NOT NULL,
	since    timestamptz NOT NULL,        -- msgtime of the first message that names the person
	CONSTRAINT conv_members_pkey PRIMARY KEY (person, conv_id)
);
CREATE INDEX conv_members_conv ON conv_members (conv_id, person);

-- messages: decrypted messages, partitioned by month of msgtime (UTC).
-- raw is the evidence: bytes exactly as decrypted; every other column is
-- derived from it and from the outer record. Rows are never updated.
CREATE TABLE messages (
	msgtime       timestamptz NOT NULL,
	seq           bigint NOT NULL,
	id            uuid NOT NULL,          -- as in message_ids
	base_id       uuid NOT NULL,          -- the same over msgid without _external, _updown_stream: joins revokes
	conv_id       bigint NOT NULL,
	batch_id      bigint NOT NULL,
	from_id       text NOT NULL,          -- person; '' when the message names none
	msgtype       text NOT NULL,          -- as on the wire; switch for action switch; '' when unreadable
	time_source   text NOT NULL,          -- msgtime | msgid | pulled: where msgtime was taken from
	publickey_ver integer NOT NULL,
	msgid         text NOT NULL,
	text          text NOT NULL,          -- readable text of any type, for previews, rules, search; NUL and bad UTF-8 replaced
	raw           bytea NOT NULL,
	raw_sha256    bytea NOT NULL,
	pulled_at     timestamptz NOT NULL
) PARTITION BY RANGE (msgtime);
CREATE UNIQUE INDEX messages_conv ON messages (conv_id, msgtime, seq, id);
CREATE INDEX messages_from ON messages (from_id, msgtime);
CREATE INDEX messages_batch ON messages (batch_id);

-- revokes: messages of type revoke. The original stays as it is; reading joins
-- base_id of the named message (message-types.md 2.1: suffix tolerated), of the
-- same conversation or the same sender: nobody takes back what others said
-- elsewhere.
CREATE TABLE revokes (
	id          uuid PRIMARY KEY,         -- the revoke message itself
	pre_id      uuid NOT NULL,            -- of pre_msgid as it stands there
	pre_base_id uuid NOT NULL,            -- the same without suffix
	pre_msgid   text NOT NULL,
	conv_id     bigint NOT NULL,
	from_id     text NOT NULL,
	msgtime     timestamptz NOT NULL
);
CREATE INDEX revokes_pre ON revokes (pre_base_id);

-- quarantine: outer records that could not be opened, byte for byte as WeCom
-- sent them. Retried when a key arrives. Rows stay after release.
CREATE TABLE quarantine (
	id            uuid PRIMARY KEY,       -- as in message_ids
	seq           bigint NOT NULL,
	msgid         text NOT NULL,
	publickey_ver integer NOT NULL,
	reason        text NOT NULL,          -- key_missing | key_wrong | decrypt_failed | sdk_crashed | malformed
	detail        text NOT NULL DEFAULT '',
	outer_json    bytea NOT NULL,
	received_at   timestamptz NOT NULL DEFAULT now(),
	attempts      integer NOT NULL DEFAULT 1,
	tried_at      timestamptz NOT NULL DEFAULT now(),
	released_at   timestamptz,
	batch_id      bigint,                 -- batch that released it
	CONSTRAINT quarantine_reason CHECK (reason IN ('key_missing', 'key_wrong', 'decrypt_failed', 'sdk_crashed', 'malformed'))
);
CREATE INDEX quarantine_open ON quarantine (publickey_ver, seq) WHERE released_at IS NULL;

-- outbox: durable follow-up work, written in the transaction that causes it.
CREATE TABLE outbox (
	id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind         text NOT NULL,
	args         jsonb NOT NULL,
	unique_key   text,                    -- at most one unfinished or finished item per key; NULL: no limit
	state        text NOT NULL DEFAULT 'available',
	attempt      integer NOT NULL DEFAULT 0,
	max_attempts integer NOT NULL DEFAULT 20,
	scheduled_at timestamptz NOT NULL DEFAULT now(),
	claimed_at   timestamptz,
	claimed_by   text NOT NULL DEFAULT '',
	finished_at  timestamptz,
	errors       text[] NOT NULL DEFAULT '{}', -- newest last, at most 10
	created_at   timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT outbox_state CHECK (state IN ('available', 'running', 'retryable', 'completed', 'discarded')),
	CONSTRAINT outbox_unique_key UNIQUE (unique_key)
);
CREATE INDEX outbox_due ON outbox (scheduled_at, id) WHERE state IN ('available', 'retryable');
CREATE INDEX outbox_running ON outbox (claimed_at) WHERE state = 'running';

-- Directory: who is who now. Filled by full syncs; names are never deleted.

-- departments: WeCom departments. A parent that the app cannot see is missing here.
CREATE TABLE departments (
	id         bigint PRIMARY KEY,
	parent_id  bigint NOT NULL,           -- 0 for the root
	name       text NOT NULL,
	sort_order bigint NOT NULL DEFAULT 0, -- larger first
	gone_at    timestamptz,               -- absent from the last complete sync
	updated_at timestamptz NOT NULL DEFAULT now()
);

-- employees: members of the corp, leavers included.
CREATE TABLE employees (
	person          text PRIMARY KEY,
	userid          text NOT NULL,        -- as WeCom spells it
	name            text NOT NULL,
	alias           text NOT NULL DEFAULT '',
	position        text NOT NULL DEFAULT '',
	avatar          text NOT NULL DEFAULT '',
	main_department bigint NOT NULL DEFAULT 0,
	status          integer NOT NULL DEFAULT 1, -- 1 active, 2 disabled, 4 not activated, 5 left; 0: seen in a chat, never in the directory
	archived        boolean NOT NULL DEFAULT false, -- in get_permit_user_list now
	archived_before boolean NOT NULL DEFAULT false, -- ever was
	missed_syncs    integer NOT NULL DEFAULT 0,     -- complete syncs in a row without this member
	left_at         timestamptz,                    -- noticed by two complete syncs
	updated_at      timestamptz NOT NULL DEFAULT now()
);

-- employee_departments: kept as they were when an employee leaves.
CREATE TABLE employee_departments (
	person        text NOT NULL REFERENCES employees,
	department_id bigint NOT NULL,
	is_leader     boolean NOT NULL DEFAULT false,
	CONSTRAINT employee_departments_pkey PRIMARY KEY (person, department_id)
);
CREATE INDEX employee_departments_department ON employee_departments (department_id);

-- customers: external contacts.
CREATE TABLE customers (
	person          text PRIMARY KEY,
	external_userid text NOT NULL,
	name            text NOT NULL,
	type            integer NOT NULL DEFAULT 0, -- 1 WeChat, 2 WeCom of another corp, 0 unknown
	gender          integer NOT NULL DEFAULT 0,
	avatar          text NOT NULL DEFAULT '',
	corp_name       text NOT NULL DEFAULT '',
	position        text NOT NULL DEFAULT '',
	unionid         text NOT NULL DEFAULT '',
	updated_at      timestamptz NOT NULL DEFAULT now()
);

-- follows: an employee has (had) a customer. State deleted_by_*: from callbacks;
-- gone: absent from the last complete sync.
CREATE TABLE follows (
	employee    text NOT NULL,
	customer    text NOT NULL,
	remark      text NOT NULL DEFAULT '',
	description text NOT NULL DEFAULT '',
	added_at    timestamptz,
	add_way     integer NOT NULL DEFAULT 0,
	source      text NOT NULL DEFAULT '',  -- state of the QR code or link
	oper_userid text NOT NULL DEFAULT '',
	tags        text[] NOT NULL DEFAULT '{}',
	mobiles     text[] NOT NULL DEFAULT '{}',
	state       text NOT NULL DEFAULT 'active',
	state_at    timestamptz,
	updated_at  timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT follows_pkey PRIMARY KEY (employee, customer),
	CONSTRAINT follows_state CHECK (state IN ('active', 'deleted_by_employee', 'deleted_by_customer', 'transferred', 'gone'))
);
CREATE INDEX follows_customer ON follows (customer);

-- groups: customer groups and internal groups by chat_id = roomid.
CREATE TABLE groups (
	roomid      text PRIMARY KEY,
	name        text NOT NULL DEFAULT '',
	owner       text NOT NULL DEFAULT '',  -- person
	external    boolean NOT NULL,          -- customer group
	notice      text NOT NULL DEFAULT '',
	created_at  timestamptz,
	updated_at  timestamptz NOT NULL DEFAULT now()
);

-- group_members: members as of the last read of the group.
CREATE TABLE group_members (
	roomid   text NOT NULL REFERENCES groups,
	person   text NOT NULL,
	nickname text NOT NULL DEFAULT '',
	name     text NOT NULL DEFAULT '',     -- as the group call gives it; externals may be unknown elsewhere
	joined_at timestamptz,
	CONSTRAINT group_members_pkey PRIMARY KEY (roomid, person)
);
CREATE INDEX group_members_person ON group_members (person);

-- sync_runs: record of directory syncs.
CREATE TABLE sync_runs (
	id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	started_at  timestamptz NOT NULL,
	finished_at timestamptz,
	complete    boolean NOT NULL DEFAULT false,
	report      jsonb NOT NULL DEFAULT '{}',
	error       text NOT NULL DEFAULT ''
);

-- Access.

-- viewers: who may sign in.
CREATE TABLE viewers (
	id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	person          text NOT NULL,
	userid          text NOT NULL,          -- as WeCom spells it; message/send goes here
	role            text NOT NULL,          -- admin | viewer
	disabled        boolean NOT NULL DEFAULT false,
	from_config     boolean NOT NULL DEFAULT false, -- first admin, named by the configuration
	deletion_alerts boolean NOT NULL DEFAULT true,  -- is told of deletions in scope
	created_at      timestamptz NOT NULL DEFAULT now(),
	updated_at      timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT viewers_person UNIQUE (person),
	CONSTRAINT viewers_role CHECK (role IN ('admin', 'viewer'))
);

-- grants: what a viewer may read: a department with all below it, or one employee.
CREATE TABLE grants (
	viewer_id     bigint NOT NULL REFERENCES viewers ON DELETE CASCADE,
	kind          text NOT NULL,            -- department | employee
	department_id bigint NOT NULL DEFAULT 0,
	person        text NOT NULL DEFAULT '',
	CONSTRAINT grants_pkey PRIMARY KEY (viewer_id, kind, department_id, person),
	CONSTRAINT grants_kind CHECK (kind IN ('department', 'employee'))
);

-- viewer_employees: the grants spelt out, one row an employee; rebuilt in the
-- transaction that changes grants, departments or employees. An admin's scope
-- is everybody and has no rows here.
CREATE TABLE viewer_employees (
	viewer_id bigint NOT NULL REFERENCES viewers ON DELETE CASCADE,
	person    text NOT NULL,
	CONSTRAINT viewer_employees_pkey PRIMARY KEY (viewer_id, person)
);
CREATE INDEX viewer_employees_person ON viewer_employees (person);

-- sessions: id is SHA-256 of the cookie, so that a copy of the table opens nothing.
CREATE TABLE sessions (
	id           bytea PRIMARY KEY,
	viewer_id    bigint NOT NULL REFERENCES viewers ON DELETE CASCADE,
	csrf         text NOT NULL,
	created_at   timestamptz NOT NULL DEFAULT now(),
	last_seen_at timestamptz NOT NULL DEFAULT now(),
	expires_at   timestamptz NOT NULL,
	revoked_at   timestamptz,
	ip           text NOT NULL DEFAULT '',
	user_agent   text NOT NULL DEFAULT ''
);
CREATE INDEX sessions_viewer ON sessions (viewer_id);

-- login_states: OAuth state values, bound to a browser cookie, used once.
CREATE TABLE login_states (
	state_hash   bytea PRIMARY KEY,
	browser_hash bytea NOT NULL,
	return_to    text NOT NULL,             -- a path of this site
	expires_at   timestamptz NOT NULL,
	used_at      timestamptz
);

-- audit_entries: who did what, when, from where. Append-only.
CREATE TABLE audit_entries (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at         timestamptz NOT NULL DEFAULT now(),
	actor      text NOT NULL,               -- person, or system
	action     text NOT NULL,               -- session.created, conversation.read, rule.updated …
	object     text NOT NULL DEFAULT '',    -- kind:id
	detail     jsonb NOT NULL DEFAULT '{}', -- no chat text, no secrets
	ip         text NOT NULL DEFAULT '',
	request_id text NOT NULL DEFAULT ''
);
CREATE INDEX audit_entries_at ON audit_entries (at DESC);
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
	FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Rules and alerts.

-- rules: sensitive-word rules.
CREATE TABLE rules (
	id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name              text NOT NULL,
	words             text[] NOT NULL,
	severity          text NOT NULL DEFAULT 'mid',   -- low | mid | high
	direction         text NOT NULL DEFAULT 'both',  -- who must say it: employee | customer | both
	scope_all         boolean NOT NULL DEFAULT true,
	scope_departments bigint[] NOT NULL DEFAULT '{}',
	scope_employees   text[] NOT NULL DEFAULT '{}',  -- persons
	enabled           boolean NOT NULL DEFAULT true,
	version           integer NOT NULL DEFAULT 1,
	deleted_at        timestamptz,
	created_at        timestamptz NOT NULL DEFAULT now(),
	updated_at        timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT rules_severity CHECK (severity IN ('low', 'mid', 'high')),
	CONSTRAINT rules_direction CHECK (direction IN ('employee', 'customer', 'both'))
);

-- rule_subscribers: who is told when the rule hits somebody in their scope.
CREATE TABLE rule_subscribers (
	rule_id   bigint NOT NULL REFERENCES rules ON DELETE CASCADE,
	viewer_id bigint NOT NULL REFERENCES viewers ON DELETE CASCADE,
	CONSTRAINT rule_subscribers_pkey PRIMARY KEY (rule_id, viewer_id)
);

-- rule_versions: every state that a rule ever had.
CREATE TABLE rule_versions (
	rule_id    bigint NOT NULL,
	version    integer NOT NULL,
	snapshot   jsonb NOT NULL,
	changed_by text NOT NULL,               -- person
	changed_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT rule_versions_pkey PRIMARY KEY (rule_id, version)
);

-- violations: what a rule or a callback found. The row keeps its own copy of
-- the evidence. dedupe_key makes finding it twice harmless.
CREATE TABLE violations (
	id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	dedupe_key   text NOT NULL,
	kind         text NOT NULL,             -- word | customer_deleted_employee | employee_deleted_customer
	rule_id      bigint,
	rule_version integer,
	rule_name    text NOT NULL DEFAULT '',
	severity     text NOT NULL DEFAULT 'mid',
	words        text[] NOT NULL DEFAULT '{}',  -- that were hit, as the rule spells them
	spans        jsonb NOT NULL DEFAULT '[]',   -- [[start,end)…] byte offsets into evidence_text
	sender       text NOT NULL DEFAULT '',      -- person
	receiver     text NOT NULL DEFAULT '',      -- person; '' in a group
	conv_id      bigint,
	message_id   uuid,
	seq          bigint,
	msgtype      text NOT NULL DEFAULT '',
	occurred_at  timestamptz NOT NULL,
	evidence_text text NOT NULL DEFAULT '',
	evidence_raw bytea,                     -- messages.raw, or the callback's XML
	event_id     bigint,                    -- callback_events.id
	state        text NOT NULL DEFAULT 'open', -- open | handled | false_alarm
	handled_by   text NOT NULL DEFAULT '',
	handled_at   timestamptz,
	note         text NOT NULL DEFAULT '',
	created_at   timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT violations_dedupe_key UNIQUE (dedupe_key),
	CONSTRAINT violations_kind CHECK (kind IN ('word', 'customer_deleted_employee', 'employee_deleted_customer')),
	CONSTRAINT violations_state CHECK (state IN ('open', 'handled', 'false_alarm'))
);
CREATE INDEX violations_occurred ON violations (occurred_at DESC, id DESC);
CREATE INDEX violations_conv ON violations (conv_id);
CREATE INDEX violations_message ON violations (message_id);

-- violation_employees: the employees whose violation it is: the sender, or,
-- when a customer said it, the employees who received it. Scope joins here.
CREATE TABLE violation_employees (
	violation_id bigint NOT NULL REFERENCES violations ON DELETE CASCADE,
	person       text NOT NULL,
	CONSTRAINT violation_employees_pkey PRIMARY KEY (violation_id, person)
);
CREATE INDEX violation_employees_person ON violation_employees (person, violation_id);

-- alerts: one app message to one viewer about one violation, and what is known
-- of its delivery. unknown: WeCom's answer was lost.
CREATE TABLE alerts (
	id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	violation_id bigint NOT NULL REFERENCES violations ON DELETE CASCADE,
	viewer_id    bigint NOT NULL REFERENCES viewers ON DELETE CASCADE,
	userid       text NOT NULL,             -- receiver as WeCom spells it
	state        text NOT NULL DEFAULT 'pending',
	attempt      integer NOT NULL DEFAULT 0,
	body         jsonb,                     -- the request as first sent: repeated word for word, so that WeCom's duplicate check holds
	wecom_msgid  text NOT NULL DEFAULT '',
	error_code   integer NOT NULL DEFAULT 0,
	error        text NOT NULL DEFAULT '',
	created_at   timestamptz NOT NULL DEFAULT now(),
	first_sent_at timestamptz,              -- first of the attempts that may have arrived began
	sent_at      timestamptz,               -- WeCom accepted it
	CONSTRAINT alerts_once UNIQUE (violation_id, viewer_id),
	CONSTRAINT alerts_state CHECK (state IN ('pending', 'sending', 'sent', 'unknown', 'failed', 'refused'))
);
CREATE INDEX alerts_created ON alerts (created_at DESC);

-- callback_events: decrypted callbacks, stored before they are answered.
CREATE TABLE callback_events (
	id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	config_id    text NOT NULL,             -- which URL received it
	body_sha256  bytea NOT NULL,            -- of body: WeCom repeats deliveries
	event        text NOT NULL DEFAULT '',
	change_type  text NOT NULL DEFAULT '',
	body         bytea NOT NULL,            -- decrypted XML, as it came
	received_at  timestamptz NOT NULL DEFAULT now(),
	processed_at timestamptz,
	CONSTRAINT callback_events_once UNIQUE (config_id, body_sha256)
);

-- +goose Down
DROP TABLE callback_events, alerts, violation_employees, violations, rule_versions, rule_subscribers, rules,
	audit_entries, login_states, sessions, viewer_employees, grants, viewers,
	sync_runs, group_members, groups, follows, customers, employee_departments, employees, departments,
	outbox, quarantine, revokes, messages, conv_members, conversations, message_ids, seq_gaps, pulls, batches, pull_state, leases;
DROP FUNCTION refuse_change();
