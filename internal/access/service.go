package access

import (
	"context"
	"sync"
	"time"

	"huicun/internal/audit"
)

// Store keeps viewers, their scopes and their sessions. Methods that take an
// audit.Entry write it in the transaction of the change; where the object is
// not known before, they fill in Entry.Object and Entry.Detail.
type Store interface {
	// SaveLoginState keeps a state that was handed to a browser.
	SaveLoginState(ctx context.Context, s LoginState) error
	// UseLoginState marks a state as used and gives it. fault.NotFound when
	// there is none that fits, is unused and has not run out at now.
	UseLoginState(ctx context.Context, state, browser []byte, now time.Time) (LoginState, error)

	// FindViewer gives the viewer of a person; false when there is none.
	FindViewer(ctx context.Context, person string) (Viewer, bool, error)
	// CreateSession keeps a new session.
	CreateSession(ctx context.Context, s Session, e audit.Entry) error
	// GetSession gives a session that holds at now and was used after
	// idleSince, with its viewer as of now. fault.NotFound when there is none,
	// when the viewer is disabled, and when the directory noticed after the
	// sign-in that the member left.
	GetSession(ctx context.Context, id []byte, now, idleSince time.Time) (Session, Viewer, error)
	// TouchSession notes that a session was used.
	TouchSession(ctx context.Context, id []byte, now time.Time) error
	// EndSession revokes a session; ending it twice changes nothing.
	EndSession(ctx context.Context, id []byte, now time.Time, e audit.Entry) error
	// DeleteExpired drops states and sessions that ran out before the time.
	DeleteExpired(ctx context.Context, before time.Time) error

	// ListAccounts gives all accounts, admins first, then by userid.
	ListAccounts(ctx context.Context) ([]Account, error)
	// CreateAccount adds one. fault.Conflict when the person has one,
	// fault.Invalid when person, department or employee is not in the directory.
	CreateAccount(ctx context.Context, in AccountInput, e audit.Entry) (Account, error)
	// UpdateAccount changes one, and ends its sessions when it is disabled.
	// fault.Conflict when it would take away the last admin or one that the
	// configuration names.
	UpdateAccount(ctx context.Context, id int64, in AccountInput, now time.Time, e audit.Entry) (Account, error)
	// EnsureAdmins makes an enabled admin of each userid and remembers that
	// the configuration names exactly these.
	EnsureAdmins(ctx context.Context, userids []string, e audit.Entry) error
	// UpdateDeletionAlerts sets the viewer's own setting.
	UpdateDeletionAlerts(ctx context.Context, viewerID int64, on bool, e audit.Entry) (Viewer, error)
	// CountScope gives the number of employees in scope.
	CountScope(ctx context.Context, s Scope) (int64, error)
}

// Limits of sessions and sign-ins.
const (
	SessionIdle   = 8 * time.Hour      // unused for so long: gone
	SessionMax    = 7 * 24 * time.Hour // gone however much it is used
	LoginStateMax = 10 * time.Minute   // time to scan the code and agree

	touchEvery = time.Minute
	sweepEvery = time.Hour
	sweepAfter = 24 * time.Hour // what ran out stays this long, for questions
)

// Service signs viewers in and manages their accounts.
type Service struct {
	Store Store
	Now   func() time.Time // nil: time.Now

	mu    sync.Mutex
	swept time.Time // last sweep
}

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now().UTC()
	}
	return s.Now().UTC()
}

// sweepDue reports, at most once an hour, that it is time to sweep.
func (s *Service) sweepDue(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) < sweepEvery {
		return false
	}
	s.swept = now
	return true
}
