package ingest

import (
	"slices"
	"time"
)

// Trouble is something that stands still, with the words for it. The words are
// Chinese: admins read them in app messages, in the status page and in huicun
// status.
type Trouble struct {
	Subject string // SubjectPull …
	Cause   string // CauseTrustedIP …
	Since   time.Time
	For     time.Duration
	Title   string
	Detail  string // why
	Next    string // what to do
	Early   bool   // seen, but not for long enough to tell admins by app message
}

// What stands still.
const (
	SubjectPull       = "pull"       // pulling
	SubjectKeys       = "keys"       // opening of messages whose private key is missing
	SubjectQuarantine = "quarantine" // messages that have their key and cannot be shown
	SubjectWork       = "work"       // rules and alerts
	SubjectDatabase   = "database"   // everything: the database does not take anything
	SubjectMedia      = "media"      // fetching of files
	SubjectSearch     = "search"     // the index of searches
)

// Why it stands still.
const (
	CauseTrustedIP   = "trusted_ip"   // 301042 and the like
	CauseSecret      = "secret"       // corp id or secret is wrong
	CauseDisabled    = "disabled"     // the corp has no archive, or has not any more
	CauseLimit       = "limit"        // too many calls
	CauseBusy        = "busy"         // WeCom is busy
	CauseNetwork     = "network"      // no way to WeCom
	CauseTLS         = "tls"          // somebody in between
	CauseSetup       = "setup"        // the SDK does not start
	CauseStorage     = "storage"      // the database does not take a page
	CauseOther       = "other"        // any other error
	CauseNobody      = "nobody"       // no process pulls
	CauseSilent      = "silent"       // a process has the lease and nothing comes
	CauseBehind      = "behind"       // it pulls, and does not catch up
	CauseKeyMissing  = "key_missing"  // no private key of a version
	CauseKeyWrong    = "key_wrong"    // the private key is not that of the version
	CauseClosed      = "closed"       // the key is there, and what it opens does not decrypt
	CauseRefused     = "refused"      // the database refuses a message alone
	CauseScan        = "scan"         // messages are not looked at by rules
	CauseCallback    = "callback"     // events of WeCom are not worked off
	CausePush        = "push"         // alerts do not leave
	CauseMediaIndex  = "media_index"  // what was stored is not looked through for files
	CauseMediaLate   = "media_late"   // files wait for so long that WeCom is about to drop them
	CauseMediaStore  = "media_store"  // the store of files takes none
	CauseSearchIndex = "search_index" // what was stored is not indexed
	CauseElastic     = "elastic"      // Elasticsearch takes nothing
	CauseDiskFull    = "disk_full"    // of the database
	CauseConnections = "connections"  // the database has no connection to spare
	CauseUnreachable = "unreachable"  // the database does not answer
	CauseDatabase    = "database_err" // any other error of the database
)

// ClassStore is a failure that is not the source's: messages came, and the
// database did not take them.
const ClassStore Class = "store"

// causeOfCode maps errcodes and codes of the SDK (finance-sdk.md 3.1 and 6).
var causeOfCode = map[int]string{
	10009: CauseTrustedIP, 60020: CauseTrustedIP, 301042: CauseTrustedIP,
	40001: CauseSecret, 40013: CauseSecret, 41001: CauseSecret, 48002: CauseSecret,
	301052: CauseDisabled, 301053: CauseDisabled,
	45009: CauseLimit, 45033: CauseLimit,
	-1: CauseBusy, 10001: CauseNetwork, 10011: CauseTLS,
}

// diagnose tells what stands still, by subject.
func (t Thresholds) diagnose(s Status) []Trouble {
	if t.Stalled <= 0 {
		return nil
	}
	var all []Trouble
	for _, find := range []func(Status) (Trouble, bool){t.pullTrouble, t.keyTrouble, t.closedTrouble, t.workTrouble, t.mediaTrouble, t.searchTrouble} {
		if tr, ok := find(s); ok {
			tr.For = s.Now.Sub(tr.Since)
			tr.explain(s)
			all = append(all, tr)
		}
	}
	return all
}

// pullTrouble: an answer without messages is progress too, so that a company
// where nobody writes is none.
func (t Thresholds) pullTrouble(s Status) (Trouble, bool) {
	since, known := firstOf(s.LastSuccessAt, s.ExpectedSince)
	if !known {
		return Trouble{}, false // nobody was ever to pull
	}
	if s.Now.Sub(since) >= t.Stalled {
		return Trouble{Subject: SubjectPull, Cause: pullCause(s, since), Since: since}, true
	}
	caughtUp, known := firstOf(s.CaughtUpAt, s.ExpectedSince)
	if known && s.Now.Sub(caughtUp) >= max(t.Warning, t.Stalled) {
		return Trouble{Subject: SubjectPull, Cause: CauseBehind, Since: caughtUp}, true
	}
	return Trouble{}, false
}

// firstOf gives the first time that there is.
func firstOf(times ...*time.Time) (time.Time, bool) {
	for _, t := range times {
		if t != nil {
			return *t, true
		}
	}
	return time.Time{}, false
}

func pullCause(s Status, since time.Time) string {
	if s.Puller == "" {
		return CauseNobody
	}
	if len(s.Pulls) == 0 || s.Pulls[0].Outcome != OutcomeError || s.Pulls[0].FinishedAt.Before(since) {
		return CauseSilent
	}
	return s.Pulls[0].Cause()
}

// reasonOf maps the causes of quarantine. The other reasons nobody here can
// mend.
var reasonOf = map[string]string{
	CauseKeyMissing: ReasonKeyMissing, CauseKeyWrong: ReasonKeyWrong,
	CauseClosed: ReasonDecryptFailed, CauseRefused: ReasonRefused,
}

// keyTrouble: messages that only a private key opens.
func (t Thresholds) keyTrouble(s Status) (Trouble, bool) {
	return t.quarantineTrouble(s, SubjectKeys, CauseKeyMissing, CauseKeyWrong)
}

// closedTrouble: messages that stay closed with their key. Told apart from
// missing keys: one that is damaged for ever must not keep those from being
// told.
func (t Thresholds) closedTrouble(s Status) (Trouble, bool) {
	return t.quarantineTrouble(s, SubjectQuarantine, CauseClosed, CauseRefused)
}

func (t Thresholds) quarantineTrouble(s Status, subject string, causes ...string) (Trouble, bool) {
	tr := Trouble{Subject: subject}
	for _, q := range s.Quarantine {
		cause := ""
		if i := slices.IndexFunc(causes, func(c string) bool { return reasonOf[c] == q.Reason }); i >= 0 {
			cause = causes[i]
		}
		if cause != "" && s.Now.Sub(q.Oldest) >= t.Stalled && (tr.Cause == "" || q.Oldest.Before(tr.Since)) {
			tr.Cause, tr.Since = cause, q.Oldest
		}
	}
	return tr, tr.Cause != ""
}

// workTrouble: follow-up work that waits too long, whoever is to blame.
func (t Thresholds) workTrouble(s Status) (Trouble, bool) {
	tr := Trouble{Subject: SubjectWork}
	for _, q := range s.Queues {
		cause := map[string]string{"scan": CauseScan, "callback": CauseCallback, "push": CausePush}[q.Kind]
		if cause != "" && s.Now.Sub(q.Oldest) >= t.Stalled && (tr.Cause == "" || q.Oldest.Before(tr.Since)) {
			tr.Cause, tr.Since = cause, q.Oldest
		}
	}
	return tr, tr.Cause != ""
}

// mediaLate is from which age on files that were not fetched are told about:
// two days are left then.
const mediaLate = 3 * 24 * time.Hour

// mediaIndexLate is how long a batch may wait to be looked through: an old archive
// takes hours at first. What is not found in it cannot be late.
const mediaIndexLate = 24 * time.Hour

// mediaTrouble: a store that takes no file is told about at once, whatever waits
// for it. That one file is not stored while others are says nothing.
func (t Thresholds) mediaTrouble(s Status) (Trouble, bool) {
	m := s.Media
	if m.NotStoredSince != nil {
		since := *m.NotStoredSince
		if m.LastReady != nil && m.LastReady.After(since) {
			since = *m.LastReady
		}
		if s.Now.Sub(since) >= t.Stalled {
			return Trouble{Subject: SubjectMedia, Cause: CauseMediaStore, Since: since}, true
		}
	}
	for _, q := range s.Queues {
		if q.Kind == "media" && s.Now.Sub(q.Oldest) >= mediaIndexLate {
			return Trouble{Subject: SubjectMedia, Cause: CauseMediaIndex, Since: q.Oldest}, true
		}
	}
	if m.OldestLate != nil && s.Now.Sub(*m.OldestLate) >= mediaLate+t.Stalled {
		return Trouble{Subject: SubjectMedia, Cause: CauseMediaLate, Since: m.OldestLate.Add(mediaLate)}, true
	}
	return Trouble{}, false
}

// searchIndexLate is how long a batch may wait to be indexed: an old archive
// takes hours at first.
const searchIndexLate = 24 * time.Hour

// searchTrouble: the database searches while Elasticsearch does not take
// anything; what is not in its own table nobody finds.
func (t Thresholds) searchTrouble(s Status) (Trouble, bool) {
	for _, q := range s.Queues {
		if q.Kind == "index" && s.Now.Sub(q.Oldest) >= searchIndexLate {
			return Trouble{Subject: SubjectSearch, Cause: CauseSearchIndex, Since: q.Oldest}, true
		}
	}
	if since := s.Search.Since; since != nil && s.Now.Sub(*since) >= t.Stalled {
		return Trouble{Subject: SubjectSearch, Cause: CauseElastic, Since: *since}, true
	}
	return Trouble{}, false
}

// countdown are the last steps of a puller that stands still: WeCom begins to
// drop messages at its end.
var countdown = []time.Duration{windowLength - 24*time.Hour, windowLength - 12*time.Hour, windowLength - 6*time.Hour, windowLength - time.Hour, windowLength}

// steps are the times at which admins are told about a subject.
func (t Thresholds) steps(subject string) []time.Duration {
	all := []time.Duration{t.Stalled, t.Notice, t.Warning, t.Critical}
	switch subject {
	case SubjectPull:
		all = append(all, countdown...)
	case SubjectMedia: // ends two days later, when there is nothing left to save
		all = append(all, windowLength-mediaLate-24*time.Hour, windowLength-mediaLate-6*time.Hour)
	}
	all = slices.DeleteFunc(all, func(d time.Duration) bool { return d < t.Stalled })
	slices.Sort(all)
	return slices.Compact(all)
}

// step gives the number of the step reached, from 1; 0: none.
func (t Thresholds) step(tr Trouble) int {
	n := 0
	for _, d := range t.steps(tr.Subject) {
		if tr.For >= d {
			n++
		}
	}
	return n
}
