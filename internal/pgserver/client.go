package pgserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"
)

const probeTimeout = 5 * time.Second

// SQL states of PostgreSQL that matter here.
const (
	stateCannotConnectNow  = "57P03" // it is starting, recovering or shutting down
	stateTooMany           = "53300" // too many connections for now
	stateAdminShutdown     = "57P01"
	stateCrashShutdown     = "57P02"
	stateDuplicateDatabase = "42P04"
)

// connect opens one connection to a database of the server.
func (e endpoint) connect(ctx context.Context, database string) (*sql.DB, *sql.Conn, error) {
	db, err := sql.Open("postgres", e.url(database))
	if err != nil {
		return nil, nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return db, conn, nil
}

const sqlReadProof = `SELECT pg_read_file($1)`

// proves asks the server for the proof. It gives false without an error while
// the server may still become ready.
func (e endpoint) proves(ctx context.Context, proof string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var got string
	db, conn, err := e.connect(ctx, "postgres")
	if err == nil {
		defer db.Close()
		defer conn.Close()
		err = conn.QueryRowContext(ctx, sqlReadProof, proofName).Scan(&got)
	}
	switch {
	case err != nil && passing(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("ask the server: %w", err)
	case got != proof:
		return false, errors.New("the server that answers works on another directory")
	}
	return true, nil
}

// passing reports whether a failure may be over soon: everything but a refusal
// by a server that is up.
func passing(err error) bool {
	refused, ok := errors.AsType[*pq.Error](err)
	if !ok {
		return true
	}
	switch refused.Code {
	case stateCannotConnectNow, stateTooMany, stateAdminShutdown, stateCrashShutdown:
		return true
	}
	return false
}

const (
	sqlFindDatabase   = `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`
	sqlCreateDatabase = `CREATE DATABASE `
)

// ensureDatabase makes the database if it is not there.
func (e endpoint) ensureDatabase(ctx context.Context, name string) error {
	db, conn, err := e.connect(ctx, "postgres")
	if err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	defer db.Close()
	defer conn.Close()
	var exists bool
	if err := conn.QueryRowContext(ctx, sqlFindDatabase, name).Scan(&exists); err != nil {
		return fmt.Errorf("look for database %s: %w", name, err)
	}
	if exists {
		return nil
	}
	_, err = conn.ExecContext(ctx, sqlCreateDatabase+pq.QuoteIdentifier(name))
	if e, ok := errors.AsType[*pq.Error](err); ok && e.Code == stateDuplicateDatabase {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}
