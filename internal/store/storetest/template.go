package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
)

const (
	templatePrefix = "huicun_template_"
	templateLock   = 0x68756963756e // advisory lock held while a template is made

	stateNoDatabase = "3D000" // SQL state invalid_catalog_name
)

// templateName changes with every change of a migration.
func templateName(migrations fs.FS) (string, error) {
	files, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, file := range files { // Glob sorts
		body, err := fs.ReadFile(migrations, file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", file, len(body), body)
	}
	return templatePrefix + hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// clone makes a database with the schema of the migrations.
func (s *server) clone(ctx context.Context, migrations fs.FS, name string) error {
	template, err := templateName(migrations)
	if err != nil {
		return err
	}
	err = s.copy(ctx, template, name)
	if e, ok := errors.AsType[*pq.Error](err); !ok || e.Code != stateNoDatabase {
		return err
	}
	if err := s.ensureTemplate(ctx, migrations, template); err != nil {
		return fmt.Errorf("template %s: %w", template, err)
	}
	return s.copy(ctx, template, name)
}

// copy clones a template.
func (s *server) copy(ctx context.Context, template, name string) error {
	_, err := s.admin.ExecContext(ctx, `CREATE DATABASE `+pq.QuoteIdentifier(name)+
		` TEMPLATE `+pq.QuoteIdentifier(template))
	return err
}

// ensureTemplate makes the template unless another process has, and drops the
// ones of other migrations.
func (s *server) ensureTemplate(ctx context.Context, migrations fs.FS, template string) error {
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, templateLock); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, templateLock) //nolint:errcheck // the connection's end unlocks too
	names, err := s.list(ctx, `SELECT datname FROM pg_database WHERE datname LIKE 'huicun\_template\_%'`)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == template {
			return nil
		}
	}
	return s.makeTemplate(ctx, migrations, template, names)
}

// makeTemplate migrates under another name: what has the template's name is
// complete.
func (s *server) makeTemplate(ctx context.Context, migrations fs.FS, template string, old []string) error {
	for _, name := range old {
		if err := s.dropTemplate(ctx, name); err != nil {
			return err
		}
	}
	making := templatePrefix + "making"
	if _, err := s.admin.ExecContext(ctx, `CREATE DATABASE `+making+` TEMPLATE template0`); err != nil {
		return err
	}
	if err := migrate(ctx, s.address(making), migrations); err != nil {
		return err
	}
	for _, query := range []string{
		`ALTER DATABASE ` + making + ` IS_TEMPLATE true ALLOW_CONNECTIONS false`,
		`ALTER DATABASE ` + making + ` RENAME TO ` + pq.QuoteIdentifier(template),
	} {
		if _, err := s.admin.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

// dropTemplate drops a template, finished or not.
func (s *server) dropTemplate(ctx context.Context, name string) error {
	if _, err := s.admin.ExecContext(ctx, `ALTER DATABASE `+pq.QuoteIdentifier(name)+` IS_TEMPLATE false`); err != nil {
		return err
	}
	return s.drop(ctx, name)
}

// migrate applies all migrations to an empty database.
func migrate(ctx context.Context, address string, migrations fs.FS) error {
	db, err := sql.Open("postgres", address)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}
