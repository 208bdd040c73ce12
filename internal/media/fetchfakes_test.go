package media

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"huicun/internal/archive"
)

// fetchStore keeps files in memory; the first that is due is claimed.
type fetchStore struct {
	mu     sync.Mutex
	files  []*fetchFile
	lost   bool // every claim is taken over
	down   error
	change chan struct{} // something ended or was postponed
}

type fetchFile struct {
	File
	state   archive.FileState
	due     time.Time
	got     Fetched
	errs    []Class
	waits   []time.Duration // of PostponeFile
	counted int
	keeps   int

	restored bool // RestoreFile made it ready
}

func newFetchStore(files ...File) *fetchStore {
	s := &fetchStore{change: make(chan struct{}, 1000)}
	for _, f := range files {
		s.files = append(s.files, &fetchFile{File: f, state: archive.FilePending})
	}
	return s
}

func (s *fetchStore) find(f File) (*fetchFile, bool) {
	i := slices.IndexFunc(s.files, func(g *fetchFile) bool { return g.ID == f.ID })
	return s.files[i], !s.lost && s.files[i].Claim == f.Claim && s.files[i].state == archive.FilePending
}

func (s *fetchStore) ClaimFile(_ context.Context, _ string, lease time.Duration, _ time.Time) (File, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, f := range s.files {
		if f.state == archive.FilePending && !f.due.After(now) {
			f.due = now.Add(lease)
			f.Claim++
			return f.File, true, nil
		}
	}
	return File{}, false, nil
}

func (s *fetchStore) KeepFile(_ context.Context, f File, lease time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.find(f)
	if ok {
		g.due = time.Now().Add(lease)
	}
	g.keeps++
	return ok, nil
}

func (s *fetchStore) SaveFetched(_ context.Context, f File, got Fetched) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return false, s.down
	}
	g, ok := s.find(f)
	if ok {
		g.state, g.got = archive.FileReady, got
		s.change <- struct{}{}
	}
	return ok, nil
}

func (s *fetchStore) PostponeFile(_ context.Context, f File, after time.Duration, counts bool, e *Error) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.find(f)
	if !ok {
		return false, nil
	}
	g.due = time.Now().Add(after)
	g.waits = append(g.waits, after)
	if counts {
		g.Attempt++
		g.counted++
	}
	if e != nil {
		g.errs = append(g.errs, e.Class)
	}
	s.change <- struct{}{}
	return true, nil
}

func (s *fetchStore) EndFile(_ context.Context, f File, state archive.FileState, e *Error) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.find(f)
	if ok {
		g.state, g.errs = state, append(g.errs, e.Class)
		s.change <- struct{}{}
	}
	return ok, nil
}

func (s *fetchStore) RestoreFile(_ context.Context, f File, e *Error) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.find(f)
	if ok {
		g.state, g.got, g.restored = archive.FileReady, Fetched{SHA256: f.Held, Flag: f.HeldFlag}, true
		if e != nil {
			g.errs = append(g.errs, e.Class)
		}
		s.change <- struct{}{}
	}
	return ok, nil
}

func (s *fetchStore) NextFileIn(context.Context) (time.Duration, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next time.Duration
	found := false
	for _, f := range s.files {
		if d := time.Until(f.due); f.state == archive.FilePending && (!found || d < next) {
			next, found = d, true
		}
	}
	return next, found, nil
}

func (s *fetchStore) FindFiles(_ context.Context, ids []string) (map[string]archive.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]archive.File{}
	for _, f := range s.files {
		if slices.Contains(ids, f.ID) {
			found[f.ID] = archive.File{ID: f.ID, State: f.state}
		}
	}
	return found, nil
}

func (s *fetchStore) state(i int) archive.FileState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[i].state
}

// settled reports whether every file has ended.
func (s *fetchStore) settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.ContainsFunc(s.files, func(f *fetchFile) bool { return f.state == archive.FilePending })
}

const testPart = 1000 // bytes of a part of source

// source gives contents in parts; trouble may answer before it.
type source struct {
	mu       sync.Mutex
	contents map[string][]byte
	asked    []string // "id:index"
	trouble  func(call int, index, id string) (Part, error, bool)
}

func (s *source) Part(ctx context.Context, index, id string) (Part, error) {
	if err := ctx.Err(); err != nil {
		return Part{}, err
	}
	s.mu.Lock()
	s.asked = append(s.asked, id+":"+index)
	call, trouble := len(s.asked), s.trouble
	content, ok := s.contents[id]
	s.mu.Unlock()
	if trouble != nil {
		if p, err, now := trouble(call, index, id); now {
			return p, err
		}
	}
	if !ok {
		return Part{}, &Error{Class: ClassRefused, Err: errors.New("no such file")}
	}
	at := 0
	if index != "" {
		var err error
		if at, err = strconv.Atoi(index); err != nil {
			return Part{}, &Error{Class: ClassRefused, Err: fmt.Errorf("index %q", index)}
		}
	}
	end := min(at+testPart, len(content))
	p := Part{Data: content[at:end], Finished: end == len(content)}
	if !p.Finished {
		p.NextIndex = strconv.Itoa(end)
	}
	return p, nil
}

func (s *source) calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// world is a fetcher with what it works on.
type world struct {
	*Fetcher
	store  *fetchStore
	source *source
	blobs  *memory
}

// newWorld makes a fetcher of files with these contents, sent just now, whose
// messages say the truth.
func newWorld(t testing.TB, contents ...[]byte) *world {
	t.Helper()
	w := &world{source: &source{contents: map[string][]byte{}}, blobs: newMemory()}
	var files []File
	for i, p := range contents {
		id := fmt.Sprintf("sdk-%d", i)
		w.source.contents[id] = p
		d := newDigest()
		d.write(p)
		files = append(files, File{
			ID: archive.FileID(id), SDKFileID: id, Kind: "file", SizeBytes: int64(len(p)), MD5: d.fetched().MD5, SentAt: time.Now(),
		})
	}
	w.store = newFetchStore(files...)
	v, _ := newVault(t, w.blobs)
	w.Fetcher = &Fetcher{Store: w.store, Source: w.source, Vault: v, Dir: t.TempDir() + "/parts", Worker: "w", Workers: 2}
	w.prepare()
	w.calls = rate.NewLimiter(rate.Inf, 0) // Run sets the real one
	return w
}

// once claims the next file and works on it to the end of the attempt.
func (w *world) once(ctx context.Context, t testing.TB) {
	t.Helper()
	work, err := w.claim(ctx)
	if err != nil || work == nil {
		t.Fatalf("nothing to claim: %v", err)
	}
	work(ctx)
}

// run fetches until every file has ended.
func (w *world) run(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	for !w.store.settled() {
		<-w.store.change
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
