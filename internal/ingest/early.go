package ingest

import "slices"

// foresee finds what only a person can mend and has not lasted for long enough
// to be an alarm: the operator who looks is told at once. Subjects that stand
// still already are left out.
func foresee(s Status) []Trouble {
	var all []Trouble
	for _, find := range []func(Status) (Trouble, bool){earlyPull, earlyKeys} {
		tr, ok := find(s)
		if !ok || slices.ContainsFunc(s.Troubles, func(old Trouble) bool { return old.Subject == tr.Subject }) {
			continue
		}
		tr.Early, tr.For = true, s.Now.Sub(tr.Since)
		tr.explain(s)
		all = append(all, tr)
	}
	return all
}

// earlyPull: the newest pull failed in a way that trying again does not mend.
func earlyPull(s Status) (Trouble, bool) {
	p, failed := s.lastFailure()
	if !failed || p.ErrorClass != string(ClassStop) {
		return Trouble{}, false
	}
	return Trouble{Subject: SubjectPull, Cause: p.Cause(), Since: p.StartedAt}, true
}

// lastFailure gives the newest record of pulls if that is a failure which no
// good answer has followed.
func (s Status) lastFailure() (Pull, bool) {
	if s.LastError == "" || len(s.Pulls) == 0 || s.Pulls[0].Outcome != OutcomeError {
		return Pull{}, false
	}
	return s.Pulls[0], true
}

// LastCause is the cause of LastError, one of the Cause constants; "" when
// nothing is wrong, or it is not known.
func (s Status) LastCause() string {
	p, _ := s.lastFailure()
	return p.Cause()
}

// Cause is why the pull failed, one of the Cause constants; "" when it did not.
func (p Pull) Cause() string {
	if p.Outcome != OutcomeError {
		return ""
	}
	if cause, ok := causeOfCode[p.ErrorCode]; ok {
		return cause
	}
	switch {
	case p.ErrorClass == string(ClassStore):
		return CauseStorage
	case p.ErrorClass == string(ClassStop) && p.ErrorCode == 0:
		return CauseSetup
	}
	return CauseOther
}

// earlyKeys: messages that only a private key opens, from the first moment on.
func earlyKeys(s Status) (Trouble, bool) {
	return Thresholds{}.keyTrouble(s)
}
