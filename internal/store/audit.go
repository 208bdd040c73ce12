package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/audit"
)

const sqlInsertAuditEntry = `
INSERT INTO audit_entries (at, actor, action, object, detail, ip, request_id)
VALUES (COALESCE(:at, now()), :actor, :action, :object, CAST(:detail AS jsonb), :ip, :request_id)`

type auditRow struct {
	At        *time.Time `db:"at"`
	Actor     string     `db:"actor"`
	Action    string     `db:"action"`
	Object    string     `db:"object"`
	Detail    string     `db:"detail"`
	IP        string     `db:"ip"`
	RequestID string     `db:"request_id"`
}

// SaveAuditEntry appends one entry to the operation log.
func (db *DB) SaveAuditEntry(ctx context.Context, e audit.Entry) error {
	return insertAudit(ctx, db, e)
}

// insertAudit appends an entry to the operation log, in the transaction
// that does what the entry tells.
func insertAudit(ctx context.Context, tx sqlx.ExtContext, e audit.Entry) error {
	row, err := newAuditRow(e)
	if err != nil {
		return err
	}
	_, err = sqlx.NamedExecContext(ctx, tx, sqlInsertAuditEntry, row)
	return wrap(ctx, "write audit entry", err)
}

func newAuditRow(e audit.Entry) (auditRow, error) {
	detail := []byte("{}")
	if len(e.Detail) > 0 {
		b, err := json.Marshal(e.Detail)
		if err != nil {
			return auditRow{}, fmt.Errorf("audit detail of %s: %w", e.Action, err)
		}
		detail = b
	}
	row := auditRow{
		Actor: dbText(e.Actor), Action: e.Action, Object: dbText(e.Object),
		Detail: string(detail), IP: dbText(e.IP), RequestID: dbText(e.RequestID),
	}
	if !e.At.IsZero() {
		row.At = &e.At
	}
	return row, nil
}
