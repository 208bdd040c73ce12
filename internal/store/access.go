package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/fault"
)

var _ access.Store = (*DB)(nil)

const sqlInsertLoginState = `
INSERT INTO login_states (state_hash, browser_hash, return_to, expires_at)
VALUES (:state_hash, :browser_hash, :return_to, :expires_at)`

// SaveLoginState keeps a state that was handed to a browser.
func (db *DB) SaveLoginState(ctx context.Context, s access.LoginState) error {
	s.ReturnTo = dbText(s.ReturnTo)
	_, err := db.NamedExecContext(ctx, sqlInsertLoginState, s)
	return wrap(ctx, "save login state", err)
}

const sqlUseLoginState = `
UPDATE login_states SET used_at = $3
WHERE state_hash = $1 AND browser_hash = $2 AND used_at IS NULL AND expires_at > $3
RETURNING state_hash, browser_hash, return_to, expires_at`

// UseLoginState marks a state as used and gives it; fault.NotFound when none
// fits. Of two calls at once, one gets it.
func (db *DB) UseLoginState(ctx context.Context, state, browser []byte, now time.Time) (access.LoginState, error) {
	var s access.LoginState
	err := db.GetContext(ctx, &s, sqlUseLoginState, state, browser, now)
	if noRows(err) {
		return access.LoginState{}, fault.NotFound("login state")
	}
	return s, wrap(ctx, "use login state", err)
}

const sqlFindViewer = `
SELECT id, person, userid, role, disabled, from_config, deletion_alerts, updated_at
FROM viewers WHERE person = $1`

// FindViewer gives the viewer of a person; false when there is none.
func (db *DB) FindViewer(ctx context.Context, person string) (access.Viewer, bool, error) {
	var v access.Viewer
	err := db.GetContext(ctx, &v, sqlFindViewer, person)
	if noRows(err) {
		return access.Viewer{}, false, nil
	}
	return v, err == nil, wrap(ctx, "find viewer", err)
}

const sqlInsertSession = `
INSERT INTO sessions (id, viewer_id, csrf, created_at, last_seen_at, expires_at, ip, user_agent)
VALUES (:session_id, :viewer_id, :csrf, :session_created_at, :last_seen_at, :expires_at, :ip, :user_agent)`

// CreateSession keeps a new session.
func (db *DB) CreateSession(ctx context.Context, s access.Session, e audit.Entry) error {
	s.IP, s.UserAgent = dbText(s.IP), dbText(s.UserAgent)
	return db.change(ctx, e, func(tx *sqlx.Tx) error {
		_, err := tx.NamedExecContext(ctx, sqlInsertSession, s)
		return wrap(ctx, "create session", err)
	})
}

const sqlGetSession = `
SELECT s.id AS session_id, s.viewer_id, s.csrf, s.created_at AS session_created_at, s.last_seen_at, s.expires_at,
	s.ip, s.user_agent,
	v.id, v.person, v.userid, v.role, v.disabled, v.from_config, v.deletion_alerts, v.updated_at
FROM sessions s
JOIN viewers v ON v.id = s.viewer_id
LEFT JOIN employees e ON e.person = v.person
WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND s.last_seen_at > $3
	AND NOT v.disabled AND (e.left_at IS NULL OR e.left_at <= s.created_at)`

type sessionRow struct {
	access.Session
	access.Viewer
}

// GetSession gives a session that holds, with its viewer as of now.
// fault.NotFound when there is none.
func (db *DB) GetSession(ctx context.Context, id []byte, now, idleSince time.Time) (access.Session, access.Viewer, error) {
	st, err := db.prepared(ctx, sqlGetSession) // each request asks this
	if err != nil {
		return access.Session{}, access.Viewer{}, err
	}
	var row sessionRow
	err = st.GetContext(ctx, &row, id, now, idleSince)
	if noRows(err) {
		return access.Session{}, access.Viewer{}, fault.NotFound("session")
	}
	return row.Session, row.Viewer, wrap(ctx, "get session", err)
}

const sqlTouchSession = `UPDATE sessions SET last_seen_at = GREATEST(last_seen_at, $2) WHERE id = $1`

// TouchSession notes that a session was used.
func (db *DB) TouchSession(ctx context.Context, id []byte, now time.Time) error {
	_, err := db.ExecContext(ctx, sqlTouchSession, id, now)
	return wrap(ctx, "touch session", err)
}

const sqlEndSession = `UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING viewer_id`

// EndSession revokes a session; ending it twice changes nothing.
func (db *DB) EndSession(ctx context.Context, id []byte, now time.Time, e audit.Entry) error {
	return db.change(ctx, e, func(tx *sqlx.Tx) error {
		var viewerID int64
		if err := tx.GetContext(ctx, &viewerID, sqlEndSession, id, now); noRows(err) {
			return nil
		} else if err != nil {
			return wrap(ctx, "end session", err)
		}
		return notifyViewer(ctx, tx, viewerID)
	})
}

// notifyViewer makes the live streams of a viewer look at once, in every
// process, whether they may go on.
func notifyViewer(ctx context.Context, tx *sqlx.Tx, viewerID int64) error {
	return notify(ctx, tx, ChannelLive, map[string]int64{"viewer_id": viewerID})
}

const (
	sqlDeleteLoginStates = `DELETE FROM login_states WHERE expires_at < $1`

	// The newest session of a viewer stays: it tells when they were last seen.
	sqlDeleteSessions = `
DELETE FROM sessions s
WHERE s.expires_at < $1
	AND EXISTS (SELECT 1 FROM sessions n WHERE n.viewer_id = s.viewer_id AND n.last_seen_at > s.last_seen_at)`
)

// DeleteExpired drops states and sessions that ran out before the time.
func (db *DB) DeleteExpired(ctx context.Context, before time.Time) error {
	if _, err := db.ExecContext(ctx, sqlDeleteLoginStates, before); err != nil {
		return wrap(ctx, "delete login states", err)
	}
	_, err := db.ExecContext(ctx, sqlDeleteSessions, before)
	return wrap(ctx, "delete sessions", err)
}

// change runs f and writes e, in one transaction.
func (db *DB) change(ctx context.Context, e audit.Entry, f func(tx *sqlx.Tx) error) error {
	_, err := inTx(ctx, db, func(tx *sqlx.Tx) (struct{}, error) {
		if err := f(tx); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, insertAudit(ctx, tx, e)
	})
	return err
}
