package pgserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// SQL states of PostgreSQL that matter here.
const (
	stateCannotConnectNow  = "57P03" // it is starting, recovering or shutting down
	stateTooMany           = "53300" // too many connections for now
	stateAdminShutdown     = "57P01"
	stateCrashShutdown     = "57P02"
	stateDuplicateDatabase = "42P04"
)

// connect opens one connection to the maintenance database of the server.
func (e endpoint) connect(ctx context.Context, timeout time.Duration) (*sql.DB, *sql.Conn, error) {
	db, err := sql.Open("postgres", e.url("postgres", timeout))
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

// prove asks the server for the proof.
func (e endpoint) prove(ctx context.Context, proof proof, timeout time.Duration) (probeState, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var got string
	db, conn, err := e.connect(ctx, timeout)
	if err == nil {
		defer db.Close()
		defer conn.Close()
		err = conn.QueryRowContext(ctx, sqlReadProof, proof.name).Scan(&got)
	}
	switch {
	case err != nil:
		return stateOf(err), fmt.Errorf("ask the server: %w", err)
	case got != proof.text:
		return refuses, errors.New("the server that answers works on another directory")
	}
	return answers, nil
}

// stateOf tells a refusal by a server that is up from what may be over soon.
func stateOf(err error) probeState {
	refused, ok := errors.AsType[*pq.Error](err)
	if !ok {
		return silent
	}
	switch refused.Code {
	case stateCannotConnectNow, stateTooMany, stateAdminShutdown, stateCrashShutdown:
		return silent
	}
	return refuses
}

const (
	sqlFindDatabase   = `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`
	sqlCreateDatabase = `CREATE DATABASE `
)

// ensureDatabase makes the database if it is not there.
func (e endpoint) ensureDatabase(ctx context.Context, name string) error {
	db, conn, err := e.connect(ctx, connectTimeout)
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
