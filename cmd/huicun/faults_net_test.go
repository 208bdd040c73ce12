package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// say lets a speaker say so many sentences to the customer; the last one has a
// watched word when word is not "".
func (l *lab) say(n int, word string) {
	l.t.Helper()
	for i := range n {
		text := "好的，收到" + strconv.Itoa(i)
		if i == n-1 {
			text += word
		}
		l.call(http.MethodPost, "/sim/messages", map[string]string{"from": speakers[i%len(speakers)], "to": customer, "text": text}, nil)
	}
	l.total += int64(n)
}

// startWatching is newLab with rules that watch, and huicun running.
func startWatching(t *testing.T, change func(l *lab)) (l *lab, receivers map[string][]string) {
	t.Helper()
	l = newLab(t, nil)
	receivers = l.watch()
	if change != nil {
		change(l)
	}
	l.huicun = l.start()
	l.say(5, watched[0])
	l.finish()
	return l, receivers
}

// finish waits until everything is pulled and all work done, and looks at the
// books.
func (l *lab) finish() {
	l.t.Helper()
	l.waitUntil(l.total)
	l.waitIdle()
	l.ledger()
}

// checkOnce compares messages with what was served, and the phones: n alerts
// about a word, each once for each manager.
func (l *lab) checkOnce(receivers map[string][]string, word string, n int) {
	l.t.Helper()
	l.checkSums()
	for _, to := range receivers[word] {
		seen := map[string]int{}
		for _, c := range l.phone(to) {
			seen[c.URL]++
		}
		if len(seen) != n {
			l.t.Errorf("%s was told of %d violations, want %d", to, len(seen), n)
		}
		for url, times := range seen {
			if times != 1 {
				l.t.Errorf("%s was told %d times of %s", to, times, url)
			}
		}
	}
}

// The network between each two programs is cut, or swallows everything, while
// messages and alerts flow. The operator reads why, and when it is back
// everything goes on by itself: nothing is lost and nothing comes twice.
func TestNetworkCutBetweenEachPair(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		lay  func(*lab) *wire // puts a wire between the two
		cut  []string         // what huicun says when it is cut
		hang []string         // and when it stalls
	}{
		{"huicun and Postgres", (*lab).wireDatabase, []string{"messages could not be stored", "pull lease not readable", "lease not renewed"}, []string{"i/o timeout"}},
		{"SDK helper and WeCom", (*lab).wireProxy, []string{"code=10001"}, []string{"code=10001"}},
		{"huicun and WeCom's API", (*lab).wireAPI, []string{"alert not sent"}, []string{"alert not sent"}},
	} {
		for _, how := range []wireState{wireCut, wireStalled} {
			t.Run(fmt.Sprintf("%s %s", tt.name, how), func(t *testing.T) {
				t.Parallel()
				var w *wire
				l, receivers := startWatching(t, func(l *lab) { w = tt.lay(l) })
				w.set(how)
				l.say(20, watched[0])
				if how == wireCut {
					l.huicun.maySay(t, tt.cut...)
				} else {
					l.huicun.maySay(t, tt.hang...)
				}
				w.set(wireOpen)
				l.say(5, watched[0])
				l.finish()
				l.checkOnce(receivers, watched[0], 3)
			})
		}
	}
}

// A huicun that starts before its database waits for it.
func TestStartWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	w := l.wireDatabase()
	l.cfg.Database.Timeout = 30 * time.Second
	w.set(wireCut)
	l.huicun = l.start()
	l.huicun.maySay(t, "the database is not up yet")
	w.set(wireOpen)
	l.say(5, "")
	l.finish()
	l.checkSums()
}

// maySay waits until one of the texts is in the log.
func (p *process) maySay(t *testing.T, anyOf ...string) {
	t.Helper()
	w := world{t: t}
	w.await(fmt.Sprintf("huicun to say one of %q", anyOf), func() error {
		log := p.log.String()
		for _, text := range anyOf {
			if strings.Contains(log, text) {
				return nil
			}
		}
		return fmt.Errorf("it says:\n%s", tail(log, 1000))
	})
}

// wireDatabase puts a wire between huicun and its database.
func (l *lab) wireDatabase() *wire {
	u, err := url.Parse(l.pg.URL())
	if err != nil {
		l.t.Fatal(err)
	}
	q := u.Query()
	network, address := "unix", q.Get("host")+"/.s.PGSQL."+q.Get("port")
	if !strings.HasPrefix(q.Get("host"), "/") {
		network, address = "tcp", net.JoinHostPort(q.Get("host"), q.Get("port"))
	}
	w := newWire(l.t, network, address)
	host, port, err := net.SplitHostPort(w.Addr())
	if err != nil {
		l.t.Fatal(err)
	}
	q.Set("host", host)
	q.Set("port", port)
	u.RawQuery = q.Encode()
	l.cfg.Database.URL, l.cfg.Database.Timeout = u.String(), 2*time.Second
	return w
}

// wireProxy puts a wire between the SDK's way out and wecomsim.
func (l *lab) wireProxy() *wire {
	w := newWire(l.t, "tcp", l.settings.ProxyListen)
	l.cfg.Finance.Proxy = "http://" + w.Addr()
	return w
}

// wireAPI puts a wire between huicun and the API of wecomsim.
func (l *lab) wireAPI() *wire {
	w := newWire(l.t, "tcp", l.settings.Listen)
	l.cfg.WeCom.APIBase = through(l.t, l.cfg.WeCom.APIBase, w)
	return w
}

// WeCom's callbacks do not arrive: messages are found by polling.
func TestCallbacksCutOff(t *testing.T) {
	t.Parallel()
	var w *wire
	l := newLab(t, func(s *simSettings) {
		w = newWire(t, "tcp", freeAddress(t)) // nobody listens there: the callbacks go nowhere
		s.ArchiveURL = "http://" + w.Addr() + "/wecom/callback/archive"
	})
	w.set(wireCut)
	l.huicun = l.start()
	l.say(30, "")
	l.finish()
	l.checkSums()
	l.await("wecomsim to have failed to deliver", func() error {
		var stats struct{ Callbacks struct{ Failed int } }
		if l.call(http.MethodGet, "/sim/stats", nil, &stats); stats.Callbacks.Failed == 0 {
			return fmt.Errorf("%+v", stats)
		}
		return nil
	})
}

// A database that goes away again in mid-start is waited for too; anything else
// that is wrong ends the start.
func TestStartGoesOnAfterTheDatabaseWasAway(t *testing.T) {
	t.Parallel()
	away, wrong := fmt.Errorf("begin: %w", syscall.ECONNRESET), errors.New("wrong")
	for name, tt := range map[string]struct {
		answers []error
		want    error
	}{
		"back":          {[]error{away, away, nil}, nil},
		"wrong at once": {[]error{wrong, nil}, wrong},
		"wrong then":    {[]error{away, wrong, nil}, wrong},
	} {
		asked := 0
		err := whenUp(t.Context(), time.Minute, func() error {
			asked++
			return tt.answers[asked-1]
		})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}
