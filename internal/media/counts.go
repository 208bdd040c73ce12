package media

import "time"

// Counts are the files that messages name: Files = Ready + Pending + Expired +
// Refused + Broken + OverLimit.
type Counts struct {
	Files         int64      `db:"files"`
	Ready         int64      `db:"ready"`
	Pending       int64      `db:"pending"`
	Overdue       int64      `db:"overdue"` // of Pending: sent more than 3 days ago; WeCom keeps them for 5
	Expired       int64      `db:"expired"`
	Refused       int64      `db:"refused"`
	Broken        int64      `db:"broken"`
	OverLimit     int64      `db:"over_limit"`
	Flagged       int64      `db:"flagged"`        // of Ready: not as the message says
	Bytes         int64      `db:"bytes"`          // of distinct contents, before encryption
	Unlooked      int64      `db:"unlooked"`       // contents that are still to be looked into
	Unreadable    int64      `db:"unreadable"`     // contents of which no form could be made
	OldestPending *time.Time `db:"oldest_pending"` // when it was sent; nil: none is pending
	LastClass     Class      `db:"last_class"`     // of the file that began to fail last; "": none fails
	LastError     string     `db:"last_error"`
}
