package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/audit"
	"huicun/internal/fault"
)

func TestLoginStateWorksOnceInItsBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := t.Context()
	l, err := s.StartLogin(ctx, "", "/c/7?m=1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.StartLogin(ctx, "", "/")
	if err != nil {
		t.Fatal(err)
	}
	if other.Browser == l.Browser || other.State == l.State {
		t.Fatal("two sign-ins share a secret")
	}
	if _, err := s.UseState(ctx, other.Browser, l.State); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("state in another browser: %v, want not_found", err)
	}
	if _, err := s.UseState(ctx, "", l.State); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("state in a browser without cookie: %v, want not_found", err)
	}
	returnTo, err := s.UseState(ctx, l.Browser, l.State)
	if err != nil || returnTo != "/c/7?m=1" {
		t.Errorf("UseState = %q, %v", returnTo, err)
	}
	if _, err := s.UseState(ctx, l.Browser, l.State); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("state used twice: %v, want not_found", err)
	}
	s.now = s.now.Add(access.LoginStateMax)
	if _, err := s.UseState(ctx, other.Browser, other.State); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("state after %v: %v, want not_found", access.LoginStateMax, err)
	}
	again, err := s.StartLogin(ctx, l.Browser, "/")
	if err != nil || again.Browser != l.Browser {
		t.Errorf("a second tab gets another browser value: %v", err)
	}
}

func TestLoginStateIsUsedOnceEvenAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	l, err := s.StartLogin(t.Context(), "", "/")
	if err != nil {
		t.Fatal(err)
	}
	const tries = 8
	results := make(chan error, tries)
	var wg sync.WaitGroup
	for range tries {
		wg.Go(func() {
			_, err := s.UseState(t.Context(), l.Browser, l.State)
			results <- err
		})
	}
	wg.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		} else if !fault.Is(err, fault.CodeNotFound) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d got the state, want 1", won, tries)
	}
}

func TestSignInRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.create(t, access.AccountInput{UserID: "mei", Role: access.RoleViewer, Disabled: true})
	for _, tt := range []struct{ name, userid, code string }{
		{"nobody", "", access.CodeNotMember},
		{"a customer", "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", access.CodeNotMember},
		{"a member without account", "Shop", access.CodeNoAccount},
		{"a disabled account", a.UserID, access.CodeDisabled},
	} {
		_, err := s.SignIn(t.Context(), tt.userid, audit.Origin{}, "")
		if got := fault.CodeOf(err); err == nil || got != tt.code {
			t.Errorf("%s: code %q (%v), want %q", tt.name, got, err, tt.code)
		}
	}
}

func TestSessionLifetime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.signIn(t, "bOSS") // WeCom may spell it otherwise than before
	if again := s.signIn(t, "Boss"); again == token {
		t.Fatal("two sign-ins have one token")
	}
	var stored int
	if err := s.DB.Get(&stored, `SELECT count(*) FROM sessions WHERE encode(id, 'escape') = $1 OR csrf = $1`, token); err != nil || stored != 0 {
		t.Fatalf("the database holds the token itself (%d, %v)", stored, err)
	}
	sess, v, err := s.Session(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if v.UserID != "Boss" || !v.IsAdmin() || sess.IP != "192.0.2.7" || sess.UserAgent != "browser" {
		t.Errorf("session %+v of %+v", sess, v)
	}
	if !sess.ValidCSRF(sess.CSRF) || sess.ValidCSRF("") || sess.ValidCSRF(token) || (access.Session{}).ValidCSRF("") {
		t.Error("CSRF tokens: only the session's own may be valid")
	}

	s.now = signInTime.Add(access.SessionIdle - time.Minute)
	if !s.holds(t, token) {
		t.Fatal("the session ends before it was idle for long")
	}
	s.now = s.now.Add(access.SessionIdle - time.Second) // used in between: idle starts anew
	if !s.holds(t, token) {
		t.Fatal("use does not keep the session")
	}
	if _, _, err := s.Peek(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(access.SessionIdle)
	if s.holds(t, token) {
		t.Error("an idle session holds")
	}
}

func TestPeekDoesNotKeepASession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.signIn(t, "Boss")
	s.now = signInTime.Add(access.SessionIdle - time.Minute)
	if _, _, err := s.Peek(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	s.now = signInTime.Add(access.SessionIdle)
	if s.holds(t, token) {
		t.Error("looking at a session keeps it alive")
	}
}

func TestSessionEndsAfterAWeekOfUse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.signIn(t, "Boss")
	for s.now = signInTime; s.now.Before(signInTime.Add(access.SessionMax)); s.now = s.now.Add(6 * time.Hour) {
		if !s.holds(t, token) {
			t.Fatalf("ends after %v", s.now.Sub(signInTime))
		}
	}
	if s.holds(t, token) {
		t.Error("the session outlives its maximum")
	}
}

func TestSessionEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	in := access.AccountInput{UserID: "Mei", Role: access.RoleViewer}
	a := s.create(t, in)

	token := s.signIn(t, "Mei")
	sess, v, err := s.Session(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SignOut(t.Context(), sess, from(v.Person)); err != nil {
		t.Fatal(err)
	}
	if s.holds(t, token) {
		t.Error("the session holds after signing out")
	}

	token = s.signIn(t, "Mei")
	in.Role = access.RoleAdmin
	if _, err := s.update(t, a.ID, in); err != nil {
		t.Fatal(err)
	}
	if _, v, err = s.Session(t.Context(), token); err != nil || !v.IsAdmin() {
		t.Errorf("the open session has role %q, %v", v.Role, err)
	}

	in.Disabled = true
	if _, err := s.update(t, a.ID, in); err != nil {
		t.Fatal(err)
	}
	if s.holds(t, token) {
		t.Error("the session of a disabled account holds")
	}
	in.Disabled = false
	if _, err := s.update(t, a.ID, in); err != nil {
		t.Fatal(err)
	}
	if s.holds(t, token) {
		t.Error("enabling an account brings its old sessions back")
	}

	token = s.signIn(t, "Mei")
	s.exec(t, `UPDATE employees SET left_at = $1 WHERE person = 'mei'`, s.now.Add(time.Second))
	if s.holds(t, token) {
		t.Error("the session of a member who left holds")
	}
	s.now = s.now.Add(time.Minute) // WeCom says after all that she is a member
	if !s.holds(t, s.signIn(t, "Mei")) {
		t.Error("a later sign-in does not hold")
	}
}

func TestUnknownTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.signIn(t, "Boss")
	for _, bad := range []string{"", "x", token + "x", token[1:] + "A", "0123456789012345678901234567890123456789012"} {
		if _, _, err := s.Session(t.Context(), bad); !fault.Is(err, fault.CodeUnauthenticated) {
			t.Errorf("Session(%q): %v, want unauthenticated", bad, err)
		}
	}
}

func TestDeleteExpired(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn(t, "Boss")
	s.now = s.now.Add(time.Hour)
	s.signIn(t, "Boss")
	if _, err := s.StartLogin(t.Context(), "", "/"); err != nil {
		t.Fatal(err)
	}
	if err := s.DB.DeleteExpired(t.Context(), s.now.Add(30*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	var left struct{ States, Sessions int }
	err := s.DB.Get(&left, `SELECT (SELECT count(*) FROM login_states) AS states, (SELECT count(*) FROM sessions) AS sessions`)
	if err != nil {
		t.Fatal(err)
	}
	if left.States != 0 || left.Sessions != 1 {
		t.Errorf("left: %+v, want no state and the newest session", left)
	}
	accounts, err := s.Accounts(t.Context(), s.admin(t))
	if err != nil || len(accounts) != 1 || !accounts[0].LastSeenAt.Equal(s.now) {
		t.Errorf("accounts %+v, %v: want last seen at %v", accounts, err, s.now)
	}
}

func TestAuditEntryIsWrittenWithTheChange(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Departments: []int64{2}})
	token := s.signIn(t, "Mei")
	sess, v, err := s.Session(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.UpdateMe(t.Context(), v, false, from("mei")); err != nil {
		t.Fatal(err)
	}
	if err := s.SignOut(t.Context(), sess, from("mei")); err != nil {
		t.Fatal(err)
	}
	viewer := audit.Object("viewer", a.ID)
	want := []string{
		"system viewer.updated " + audit.Object("viewer", s.admin(t).ID),
		"boss viewer.created " + viewer,
		"mei session.created " + viewer,
		"mei me.updated " + viewer,
		"mei session.ended " + viewer,
	}
	if diff := cmp.Diff(want, s.actions(t)); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	_, err = s.DB.Exec(`DELETE FROM audit_entries`)
	if err == nil {
		t.Error("the log can be deleted")
	}
}

func TestAuditEntryThatFailsUndoesTheChange(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	boss := s.admin(t)
	s.exec(t, `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$`)
	s.exec(t, `CREATE TRIGGER full_disk BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION full_disk()`)
	_, err := s.Service.CreateAccount(t.Context(), boss, access.AccountInput{UserID: "Mei", Role: access.RoleViewer}, from("boss"))
	if err == nil {
		t.Fatal("an account is made without a log entry")
	}
	if _, ok, err := s.FindViewer(t.Context(), "mei"); ok || err != nil {
		t.Errorf("FindViewer = %v, %v: want none", ok, err)
	}
	if _, err := s.SignIn(t.Context(), "Boss", audit.Origin{}, ""); err == nil {
		t.Error("somebody signs in without a log entry")
	}
}
