package server

import (
	"context"
	"net/url"
	"time"

	"huicun/internal/access"
	"huicun/internal/alert"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/directory"
	"huicun/internal/rules"
	"huicun/internal/search"
)

// Access signs viewers in and manages their accounts; access.Service.
type Access interface {
	StartLogin(ctx context.Context, browser, returnTo string) (access.Login, error)
	UseState(ctx context.Context, browser, state string) (string, error)
	SignIn(ctx context.Context, userid string, from audit.Origin, userAgent string) (string, error)
	Session(ctx context.Context, token string) (access.Session, access.Viewer, error)
	Peek(ctx context.Context, token string) (access.Session, access.Viewer, error)
	SignOut(ctx context.Context, s access.Session, from audit.Origin) error
	Accounts(ctx context.Context, v access.Viewer) ([]access.Account, error)
	CreateAccount(ctx context.Context, v access.Viewer, in access.AccountInput, from audit.Origin) (access.Account, error)
	UpdateAccount(ctx context.Context, v access.Viewer, id int64, in access.AccountInput, from audit.Origin) (access.Account, error)
	UpdateMe(ctx context.Context, v access.Viewer, deletionAlerts bool, from audit.Origin) (access.Viewer, error)
	ScopeSize(ctx context.Context, v access.Viewer) (int64, error)
}

// Archive reads chats within the scope of a viewer; archive.Service.
type Archive interface {
	Timeline(ctx context.Context, v access.Viewer, q archive.TimelineQuery) (archive.Window, error)
	CanRead(ctx context.Context, v access.Viewer, conv int64) (bool, error)
	Entry(ctx context.Context, v access.Viewer, id string) (archive.Entry, error)
	Raw(ctx context.Context, v access.Viewer, id string) ([]byte, error)
	Days(ctx context.Context, v access.Viewer, conv int64, tz string) ([]archive.Day, error)
	Media(ctx context.Context, v access.Viewer, q archive.MediaQuery) (archive.MediaPage, error)
	File(ctx context.Context, v access.Viewer, messageID, fileID string) (archive.Entry, *archive.Media, error)
	Conversation(ctx context.Context, v access.Viewer, conv int64, as string) (archive.ConversationDetail, error)
	Conversations(ctx context.Context, v access.Viewer, q archive.ConversationsQuery) (archive.ConversationPage, error)
	Employees(ctx context.Context, v access.Viewer, q archive.EmployeesQuery) (archive.EmployeePage, error)
	Employee(ctx context.Context, v access.Viewer, person string) (archive.Employee, error)
	Departments(ctx context.Context, v access.Viewer) ([]archive.Department, error)
	Persons(ctx context.Context, ids []string) (map[string]directory.Person, error)
}

// Finder finds what was said, within the scope of a viewer, and keeps searches;
// search.Service.
type Finder interface {
	Search(ctx context.Context, v access.Viewer, r search.Request, p search.Paging, from audit.Origin) (search.Page, error)
	Conversations(ctx context.Context, v access.Viewer, r search.Request, p search.Paging, from audit.Origin) (search.ConversationPage, error)
	InConversation(ctx context.Context, v access.Viewer, conv int64, r search.Request, p search.Paging) (search.HitPage, error)
	Suggest(ctx context.Context, v access.Viewer, typed string, limit int) ([]search.Suggestion, error)
	Recent(ctx context.Context, v access.Viewer) ([]search.Recent, error)
	ClearRecent(ctx context.Context, v access.Viewer, from audit.Origin) error
	Saved(ctx context.Context, v access.Viewer) ([]search.Saved, error)
	CreateSaved(ctx context.Context, v access.Viewer, in search.SavedInput, from audit.Origin) (search.Saved, error)
	UpdateSaved(ctx context.Context, v access.Viewer, id int64, in search.SavedInput, from audit.Origin) (search.Saved, error)
	DeleteSaved(ctx context.Context, v access.Viewer, id int64, from audit.Origin) error
	// CreateRule makes a search a rule that tells its maker, and names what of it
	// the rule leaves out.
	CreateRule(ctx context.Context, v access.Viewer, id int64, from audit.Origin) (search.Saved, []string, error)
	DeleteRule(ctx context.Context, v access.Viewer, id int64, from audit.Origin) error
}

// Rules keeps sensitive-word rules, for admins; rules.Service.
type Rules interface {
	List(ctx context.Context, v access.Viewer) ([]rules.Rule, error)
	Get(ctx context.Context, v access.Viewer, id int64) (rules.Rule, error)
	Create(ctx context.Context, v access.Viewer, in rules.Input, from audit.Origin) (rules.Rule, error)
	Update(ctx context.Context, v access.Viewer, id int64, in rules.Input, from audit.Origin) (rules.Rule, error)
	Delete(ctx context.Context, v access.Viewer, id int64, from audit.Origin) error
	Test(ctx context.Context, v access.Viewer, words []string, text string) ([]string, []rules.Span, error)
}

// Violations reads and marks violations within the scope of a viewer;
// rules.Violations.
type Violations interface {
	List(ctx context.Context, v access.Viewer, q rules.Query) (rules.Page, error)
	Get(ctx context.Context, v access.Viewer, id int64) (rules.Detail, error)
	Update(ctx context.Context, v access.Viewer, id int64, state rules.State, note string, from audit.Origin) (rules.Violation, error)
}

// Alerts tells what was pushed to whom; alert.Service.
type Alerts interface {
	List(ctx context.Context, v access.Viewer, cursor string, limit int) (alert.Page, error)
	OfViolation(ctx context.Context, v access.Viewer, violation int64) ([]alert.Alert, error)
}

// LiveSource reads what is new; archive.Service.
type LiveSource interface {
	// LiveStart is the position now.
	LiveStart(ctx context.Context) (int64, error)
	// LiveSince gives what came after a position, in order, and where to go on.
	// truncated: it is too much; the viewer has to refetch.
	LiveSince(ctx context.Context, v access.Viewer, after, conv int64) (events []archive.LiveEvent, next int64, truncated bool, err error)
}

// LiveViolations reads violations that are new; store.DB.
type LiveViolations interface {
	LastViolationID(ctx context.Context) (int64, error)
	// FindLiveViolations gives those in scope after an id, in order.
	FindLiveViolations(ctx context.Context, s access.Scope, after int64, limit int) ([]archive.LiveViolation, error)
}

// LiveFiles finds the messages that name a file; store.DB.
type LiveFiles interface {
	// FindFileMessages gives those of these conversations, in scope, by
	// conversation.
	FindFileMessages(ctx context.Context, s access.Scope, fileID string, convs []int64) (map[int64][]string, error)
}

// WeCom is the part of WeCom's API by which people sign in.
type WeCom interface {
	// AuthorizeURL is the page that signs in a browser inside WeCom.
	AuthorizeURL(state, redirect string) string
	// WebLoginURL is the page with a QR code, for all other browsers.
	WebLoginURL(state, redirect, lang string) string
	// UserByCode gives the userid of the member who came back with code. A
	// fault of class unauthenticated: the code is no good, start again.
	// access.CodeNotMember: somebody from outside.
	UserByCode(ctx context.Context, code string) (string, error)
}

// Signature lets one page of this site use the JS-SDK.
type Signature struct {
	Timestamp int64 // epoch seconds
	Nonce     string
	Signature string
}

// Signer signs the address of a page with the ticket of kind corp or agent.
type Signer func(ctx context.Context, kind, page string) (Signature, error)

// Codec opens the callbacks of one configuration in the WeCom console.
type Codec interface {
	// Verify gives the answer to WeCom's check of the URL.
	Verify(q url.Values) ([]byte, error)
	// Open gives the message of an event.
	Open(q url.Values, body []byte) ([]byte, error)
}

// Callbacks receives what WeCom sends.
type Callbacks struct {
	Codecs map[string]Codec // by the last part of the URL
	// Parse names the event of an opened message.
	Parse func(msg []byte) (event, changeType string, err error)
	// Save keeps the message and the work that follows from it, and reports
	// whether it was new.
	Save func(ctx context.Context, configID, event, changeType string, msg []byte) (bool, error)
	// Wake tells the puller that messages wait at WeCom; nil: nobody to tell.
	Wake func(ctx context.Context)
}

// Status is the state of the archive, as `huicun status` prints it.
type Status struct {
	Seq                                       int64
	Received, Stored, Quarantined, Duplicates int64
	Gaps                                      []Gap // newest 20
	GapTotal                                  int64
	LastSuccessAt, CaughtUpAt                 time.Time
	Lag                                       time.Duration
	WindowLeft                                *time.Duration // nil before the first pull
	Alarm                                     string         // none | notice | warning | critical | lost
	LastError                                 string
	LastCause                                 string // code of package ingest; "" when nothing is wrong
	LastErrorAt                               time.Time
	Quarantine                                []QuarantineGroup
	Pulls                                     []Pull // newest 20
	Puller                                    string // who holds the lease
	Troubles                                  []Trouble
	Media                                     *MediaStatus  // nil: unknown
	Search                                    *SearchStatus // nil: unknown
}

// SearchStatus says what can be searched.
type SearchStatus struct {
	Engine  string // that is configured
	Engines []SearchIndex
}

// SearchIndex is what one engine holds.
type SearchIndex struct {
	Name string
	search.Coverage
	Building *SearchBuilding // a new generation of it; nil: none
}

// SearchBuilding is an index on its way, in documents.
type SearchBuilding struct{ Documents, Target int64 }

// MediaStatus counts the files that messages name: Files = Ready + Pending +
// Expired + Refused + Broken + OverLimit.
type MediaStatus struct {
	Files, Ready, Pending               int64
	Overdue                             int64 // of Pending: sent more than 3 days ago
	Expired, Refused, Broken, OverLimit int64
	Flagged                             int64     // of Ready: not as the message says
	Bytes                               int64     // of distinct contents, before encryption
	Unlooked                            int64     // contents that are still to be looked into
	Unreadable                          int64     // contents of which no form could be made
	OldestPendingAt                     time.Time // when it was sent; zero: none
	LastError, LastErrorClass           string
}

// Trouble is something that stands still, in the words of the app message about
// it.
type Trouble struct {
	Subject, Cause      string // codes of package ingest
	Since               time.Time
	Title, Detail, Next string
	Early               bool // no app message yet
}

// Gap is a run of seqs that WeCom skipped.
type Gap struct {
	AfterSeq, BeforeSeq int64
	Kind                string // skipped | window
	NoticedAt           time.Time
}

// QuarantineGroup counts messages that could not be opened for one reason.
type QuarantineGroup struct {
	PublicKeyVer int
	Reason       string
	Messages     int64
	Oldest       time.Time
}

// Pull is one record of calls of GetChatData.
type Pull struct {
	StartedAt, FinishedAt time.Time
	FromSeq               int64
	Calls, Received       int64
	Duplicates            int64  // of Received: held before
	Outcome               string // stored | empty | error
	Error, Cause          string // Cause: code of package ingest
}
