-- Names as of then, and robots.

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- former_names: what persons were called before. until is when the directory
-- noticed the change, at most one sync late; the name after the last row is the
-- one that employees and customers hold. Who was never renamed has no row.
CREATE TABLE former_names (
	person    text NOT NULL,
	until     timestamptz NOT NULL,      -- exclusive
	name      text NOT NULL,
	corp_name text NOT NULL DEFAULT '',  -- customers of other corps
	CONSTRAINT former_names_pkey PRIMARY KEY (person, until)
);

-- +goose StatementBegin
CREATE FUNCTION keep_former_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO former_names (person, until, name, corp_name)
	VALUES (OLD.person, NEW.updated_at, OLD.name, COALESCE(to_jsonb(OLD) ->> 'corp_name', ''))
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
-- +goose StatementEnd

-- A name that is but an id was none.
CREATE TRIGGER employees_former_name AFTER UPDATE OF name ON employees FOR EACH ROW
	WHEN (OLD.name <> NEW.name AND OLD.name NOT IN ('', OLD.person, OLD.userid))
	EXECUTE FUNCTION keep_former_name();
CREATE TRIGGER customers_former_name AFTER UPDATE OF name, corp_name ON customers FOR EACH ROW
	WHEN ((OLD.name <> NEW.name OR OLD.corp_name <> NEW.corp_name) AND OLD.name NOT IN ('', OLD.person, OLD.external_userid))
	EXECUTE FUNCTION keep_former_name();

-- robots: group robots (msgaudit/get_robot_info), by the ids that sent messages.
CREATE TABLE robots (
	person     text PRIMARY KEY,         -- wb…
	name       text NOT NULL,
	creator    text NOT NULL DEFAULT '', -- person
	updated_at timestamptz NOT NULL
);

-- +goose Down
SET LOCAL lock_timeout = '2s';
DROP TRIGGER customers_former_name ON customers;
DROP TRIGGER employees_former_name ON employees;
DROP FUNCTION keep_former_name();
DROP TABLE robots, former_names;
