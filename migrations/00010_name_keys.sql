-- Suggestions: by what people and groups are found while somebody types.

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- name_keys: texts by whose beginning a name is found, see search.NameKeys.
CREATE TABLE name_keys (
	kind    smallint NOT NULL,           -- 1 employee, 2 customer, 3 group
	inside  boolean NOT NULL,            -- the key begins within the name
	key     text COLLATE "C" NOT NULL,
	form    smallint NOT NULL,           -- 0 as written, 1 pinyin, 2 initials
	source  smallint NOT NULL,           -- 0 name, 1 former name, 2 remark
	owner   text NOT NULL,               -- person, or roomid
	noted_by text NOT NULL DEFAULT '',   -- remark: the employee who noted it
	name    text NOT NULL                -- the whole name as it is written
);
CREATE INDEX name_keys_key ON name_keys (kind, inside, key);
CREATE INDEX name_keys_owner ON name_keys (owner, kind);

-- name_changes: whose keys are to be made anew, by the item 'names'. A row for
-- each change, gone when it is done.
CREATE TABLE name_changes (
	id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind  smallint NOT NULL,
	owner text NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION note_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO name_changes (kind, owner) VALUES (CAST(TG_ARGV[0] AS smallint), to_jsonb(NEW) ->> TG_ARGV[1]);
	RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION work_on_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO outbox (kind, args) SELECT 'names', '{}'
	WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE kind = 'names' AND state IN ('available', 'retryable'));
	RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER employees_named AFTER INSERT ON employees FOR EACH ROW EXECUTE FUNCTION note_name('1', 'person');
CREATE TRIGGER employees_renamed AFTER UPDATE OF name, alias ON employees FOR EACH ROW
	WHEN (OLD.name <> NEW.name OR OLD.alias <> NEW.alias) EXECUTE FUNCTION note_name('1', 'person');
CREATE TRIGGER customers_named AFTER INSERT ON customers FOR EACH ROW EXECUTE FUNCTION note_name('2', 'person');
CREATE TRIGGER customers_renamed AFTER UPDATE OF name ON customers FOR EACH ROW
	WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION note_name('2', 'person');
CREATE TRIGGER follows_noted AFTER INSERT ON follows FOR EACH ROW WHEN (NEW.remark <> '') EXECUTE FUNCTION note_name('2', 'customer');
CREATE TRIGGER follows_noted_anew AFTER UPDATE OF remark ON follows FOR EACH ROW
	WHEN (OLD.remark <> NEW.remark) EXECUTE FUNCTION note_name('2', 'customer');
CREATE TRIGGER groups_named AFTER INSERT ON groups FOR EACH ROW WHEN (NEW.name <> '') EXECUTE FUNCTION note_name('3', 'roomid');
CREATE TRIGGER groups_renamed AFTER UPDATE OF name ON groups FOR EACH ROW
	WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION note_name('3', 'roomid');
CREATE TRIGGER name_changes_work AFTER INSERT ON name_changes FOR EACH STATEMENT EXECUTE FUNCTION work_on_names();

-- What is there.
INSERT INTO name_changes (kind, owner)
SELECT 1, person FROM employees UNION ALL SELECT 2, person FROM customers UNION ALL SELECT 3, roomid FROM groups WHERE name <> '';

-- +goose Down
SET LOCAL lock_timeout = '2s';
DROP TRIGGER groups_renamed ON groups;
DROP TRIGGER groups_named ON groups;
DROP TRIGGER follows_noted_anew ON follows;
DROP TRIGGER follows_noted ON follows;
DROP TRIGGER customers_renamed ON customers;
DROP TRIGGER customers_named ON customers;
DROP TRIGGER employees_renamed ON employees;
DROP TRIGGER employees_named ON employees;
DROP TABLE name_changes, name_keys;
DROP FUNCTION work_on_names();
DROP FUNCTION note_name();
DELETE FROM outbox WHERE kind = 'names';
