package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"huicun/internal/archive"
)

// lookStore keeps objects in memory.
type lookStore struct {
	mu      sync.Mutex
	objects []*lookObject
	change  chan struct{}
}

type lookObject struct {
	Object
	work  string
	due   time.Time
	waits []time.Duration
	why   []string
	keeps int
	got   Looked
}

func (s *lookStore) find(o Object) (*lookObject, bool) {
	i := slices.IndexFunc(s.objects, func(g *lookObject) bool { return bytes.Equal(g.SHA256, o.SHA256) })
	return s.objects[i], s.objects[i].Claim == o.Claim && s.objects[i].work == ""
}

func (s *lookStore) ClaimObject(_ context.Context, _ string, lease time.Duration) (Object, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.objects {
		if o.work == "" && !o.due.After(time.Now()) {
			o.Claim++
			o.due = time.Now().Add(lease)
			return o.Object, true, nil
		}
	}
	return Object{}, false, nil
}

func (s *lookStore) end(o Object, do func(g *lookObject)) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.find(o)
	if ok {
		g.Claim++
		do(g)
		s.change <- struct{}{}
	}
	return ok, nil
}

func (s *lookStore) SaveLooked(_ context.Context, o Object, l Looked) (bool, error) {
	return s.end(o, func(g *lookObject) { g.work, g.got = "done", l })
}

func (s *lookStore) KeepObject(_ context.Context, o Object, lease time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.find(o)
	if ok {
		g.due = time.Now().Add(lease)
		g.keeps++
	}
	return ok, nil
}

func (s *lookStore) PostponeObject(_ context.Context, o Object, after time.Duration, counts bool, why string) (bool, error) {
	return s.end(o, func(g *lookObject) {
		if counts {
			g.Attempt++
		} else {
			g.Stops++
		}
		g.due, g.waits, g.why = time.Now().Add(after), append(g.waits, after), append(g.why, why)
	})
}

func (s *lookStore) EndObject(_ context.Context, o Object, why string) (bool, error) {
	return s.end(o, func(g *lookObject) { g.work, g.why = "failed", append(g.why, why) })
}

func (s *lookStore) NextObjectIn(context.Context) (time.Duration, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next time.Duration
	found := false
	for _, o := range s.objects {
		if d := time.Until(o.due); o.work == "" && (!found || d < next) {
			next, found = d, true
		}
	}
	return next, found, nil
}

func (s *lookStore) settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.ContainsFunc(s.objects, func(o *lookObject) bool { return o.work == "" })
}

type renderFunc func(ctx context.Context, o Object, r io.ReadSeeker) (Looked, []Rendered, error)

func (f renderFunc) Render(ctx context.Context, o Object, r io.ReadSeeker) (Looked, []Rendered, error) {
	return f(ctx, o, r)
}

// newLooker makes a looker of objects with these contents.
func newLooker(t *testing.T, render renderFunc, contents ...[]byte) (*Looker, *lookStore, *memory) {
	t.Helper()
	m := newMemory()
	v, _ := newVault(t, m)
	s := &lookStore{change: make(chan struct{}, 1000)}
	for _, p := range contents {
		putVault(t, v, originalName(fmt.Sprintf("%x", sha(p))), p)
		s.objects = append(s.objects, &lookObject{Object: Object{SHA256: sha(p), SizeBytes: int64(len(p)), Mime: "image/png"}})
	}
	return &Looker{Store: s, Vault: v, Renderer: render, Worker: "w"}, s, m
}

// look works until every object has ended.
func look(t *testing.T, l *Looker, s *lookStore) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	for !s.settled() {
		<-s.change
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestLookerStoresWhatWasMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, _ := newLooker(t, func(_ context.Context, o Object, r io.ReadSeeker) (Looked, []Rendered, error) {
			p, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(sha(p), o.SHA256) {
				return Looked{}, nil, fmt.Errorf("other bytes than those of the object: %w", err)
			}
			thumb := Rendered{Rendition: archive.Rendition{Name: "thumb", Mime: "image/jpeg", Width: 4, Height: 3, SizeBytes: 999}, Data: []byte("thumb of " + string(p[:4]))}
			page := Rendered{Rendition: archive.Rendition{Name: "page-1", Mime: "image/jpeg"}, Data: []byte("page")}
			return Looked{Width: 7, Codes: []string{"code"}}, []Rendered{thumb, page}, nil
		}, pattern(100_000), pattern(10))
		look(t, l, s)
		for _, o := range s.objects {
			if o.work != "done" || o.got.Width != 7 || len(o.got.Renditions) != 2 || o.got.Renditions[0].SizeBytes != int64(len("thumb of xxxx")) {
				t.Errorf("object: %s, %+v", o.work, o.got)
			}
			for _, r := range o.got.Renditions {
				got, err := readVault(t.Context(), l.Vault, renditionName(fmt.Sprintf("%x", o.SHA256), r.Name))
				if err != nil || int64(len(got)) != r.SizeBytes {
					t.Errorf("%s: %d bytes, %v", r.Name, len(got), err)
				}
			}
		}
	})
}

func TestLookerFailures(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		tries int
		why   string
	}{
		{"nothing can be made", errors.New("no picture"), 1, "no picture"},
		{"temporary", fmt.Errorf("program killed: %w", ErrTemporary), lookAttempts, "program killed"},
		{"panic", nil, 1, "panicked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				l, s, _ := newLooker(t, func(_ context.Context, o Object, _ io.ReadSeeker) (Looked, []Rendered, error) {
					if o.SizeBytes == 20 {
						return Looked{Pages: 1}, nil, nil
					}
					tries++
					if tt.err == nil {
						panic("planned")
					}
					return Looked{}, nil, tt.err
				}, pattern(10), pattern(20))
				look(t, l, s)
				bad, good := s.objects[0], s.objects[1]
				if bad.work != "failed" || tries != tt.tries || !strings.Contains(bad.why[len(bad.why)-1], tt.why) {
					t.Errorf("%s after %d tries: %v", bad.work, tries, bad.why)
				}
				if good.work != "done" || good.got.Pages != 1 {
					t.Errorf("the other object: %s", good.work)
				}
			})
		})
	}
}

func TestLookerBadNameOfARendition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, m := newLooker(t, func(context.Context, Object, io.ReadSeeker) (Looked, []Rendered, error) {
			return Looked{}, []Rendered{{Rendition: archive.Rendition{Name: "../../x"}}}, nil
		}, pattern(10))
		look(t, l, s)
		if s.objects[0].work != "failed" || len(m.names()) != 1 {
			t.Errorf("%s, objects %v", s.objects[0].work, m.names())
		}
	})
}

func TestLookerStoreThatFailsGivesNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, m := newLooker(t, func(context.Context, Object, io.ReadSeeker) (Looked, []Rendered, error) {
			return Looked{}, []Rendered{{Rendition: archive.Rendition{Name: "thumb"}, Data: []byte("x")}}, nil
		}, pattern(10), pattern(20))
		m.fail = errors.New("full")
		go func() {
			time.Sleep(6 * time.Hour)
			m.mu.Lock()
			m.fail = nil
			m.mu.Unlock()
		}()
		look(t, l, s)
		for _, o := range s.objects {
			if o.work != "done" || len(o.waits) < lookAttempts || o.Attempt != 0 {
				t.Errorf("%s after it was put back %d times, %d attempts", o.work, len(o.waits), o.Attempt)
			}
		}
	})
}

func TestLookerMissingObjectHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, m := newLooker(t, func(context.Context, Object, io.ReadSeeker) (Looked, []Rendered, error) {
			return Looked{}, nil, nil
		}, pattern(10), pattern(20))
		_ = m.Delete(t.Context(), originalName(fmt.Sprintf("%x", s.objects[0].SHA256)))
		begin := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		<-s.change
		<-s.change
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if s.objects[1].work != "done" || s.objects[0].work != "" || time.Since(begin) > time.Second {
			t.Errorf("missing: %q, the other: %q, after %v", s.objects[0].work, s.objects[1].work, time.Since(begin))
		}
	})
}

func TestLookerStuckRendererIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, _ := newLooker(t, func(ctx context.Context, _ Object, _ io.ReadSeeker) (Looked, []Rendered, error) {
			<-ctx.Done()
			return Looked{}, nil, ctx.Err()
		}, pattern(10))
		look(t, l, s)
		if o := s.objects[0]; o.work != "failed" || len(o.waits) != lookAttempts-1 {
			t.Errorf("%s after it was put back %d times: %v", o.work, len(o.waits), o.why)
		}
	})
}

func TestLookerWhatWorkersDieOnEnds(t *testing.T) {
	l, s, _ := newLooker(t, func(context.Context, Object, io.ReadSeeker) (Looked, []Rendered, error) {
		t.Error("rendered again")
		return Looked{}, nil, nil
	}, pattern(10))
	l.prepare()
	for range lookDeaths + 1 {
		if _, ok, _ := s.ClaimObject(t.Context(), "w", 0); !ok {
			t.Fatal("not claimed")
		}
	}
	work, err := l.claim(t.Context())
	if err != nil || work == nil {
		t.Fatalf("nothing to claim: %v", err)
	}
	work(t.Context())
	if o := s.objects[0]; o.work != "failed" {
		t.Errorf("after %d workers died: %q", lookDeaths+1, o.work)
	}
}

func TestLookerStoppedGoesBack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, s, _ := newLooker(t, func(ctx context.Context, _ Object, _ io.ReadSeeker) (Looked, []Rendered, error) {
		cancel()
		return Looked{}, nil, ctx.Err()
	}, pattern(10))
	l.prepare()
	work, err := l.claim(ctx)
	if err != nil || work == nil {
		t.Fatalf("nothing to claim: %v", err)
	}
	work(ctx)
	if o := s.objects[0]; o.work != "" || !slices.Equal(o.waits, []time.Duration{0}) || o.Attempt != 0 {
		t.Errorf("%q, put back %v, %d attempts", o.work, o.waits, o.Attempt)
	}
}

// However often huicun is stopped while it looks into a file, the file is no
// failure.
func TestLookerStopsAreNoFailures(t *testing.T) {
	cancel := context.CancelFunc(nil)
	l, s, _ := newLooker(t, func(ctx context.Context, _ Object, _ io.ReadSeeker) (Looked, []Rendered, error) {
		if cancel != nil {
			cancel()
			return Looked{}, nil, ctx.Err()
		}
		return Looked{Width: 3}, nil, nil
	}, pattern(10))
	l.prepare()
	for range lookDeaths + lookAttempts {
		var ctx context.Context
		ctx, cancel = context.WithCancel(t.Context())
		work, err := l.claim(ctx)
		if err != nil || work == nil {
			t.Fatalf("nothing to claim: %v", err)
		}
		work(ctx)
	}
	cancel = nil
	work, err := l.claim(t.Context())
	if err != nil || work == nil {
		t.Fatalf("nothing to claim: %v", err)
	}
	work(t.Context())
	if o := s.objects[0]; o.work != "done" || o.got.Width != 3 {
		t.Errorf("%q after it was stopped %d times: %v", o.work, lookDeaths+lookAttempts, o.why)
	}
}

// A killed process keeps an object for a short time only, and one that works for
// as long as it takes.
func TestLookerKeepsItsClaimWhileItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *Looker
		others := 0
		l, s, _ := newLooker(t, func(ctx context.Context, o Object, _ io.ReadSeeker) (Looked, []Rendered, error) {
			for range 8 {
				time.Sleep(time.Minute)
				if _, ok, _ := l.Store.ClaimObject(ctx, "other", lookLease); ok {
					others++
				}
			}
			return Looked{Width: 3}, nil, nil
		}, pattern(10))
		look(t, l, s)
		if o := s.objects[0]; o.work != "done" || o.keeps == 0 || others > 0 {
			t.Errorf("%q, kept %d times, claimed by others %d times", o.work, o.keeps, others)
		}
		if lookLease > 2*time.Minute {
			t.Errorf("what a killed process had waits for %v", lookLease)
		}
	})
}
