package main

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scopeRounds is how many companies the fuzz founds when HUICUN_FUZZ_ROUNDS
// does not say.
const scopeRounds = 8

// scopeSteps is how often a company lives on and is looked at.
const scopeSteps = 3

// TestScopeFuzz founds random companies, lets them live, and asks every read of
// the API as every viewer, comparing each answer with a slow and obvious
// reference: ids, order, totals, pages to their end, live events, deep links.
// HUICUN_FUZZ_ROUNDS=n makes n rounds; HUICUN_TEST_SEED=n plays round n alone.
func TestScopeFuzz(t *testing.T) {
	t.Parallel()
	u := newCoverage(t)
	first, rounds := 1, envNumber(t, "HUICUN_FUZZ_ROUNDS", scopeRounds)
	alone := os.Getenv("HUICUN_TEST_SEED") != ""
	if alone {
		first, rounds = envNumber(t, "HUICUN_TEST_SEED", 1), 1
	}
	for seed := first; seed < first+rounds && !t.Failed(); seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { scopeRound(t, u, uint64(seed)) })
	}
	if !alone && !t.Failed() {
		u.check(t)
	}
}

// scopeRound is one company, all of it decided by the seed.
func scopeRound(t *testing.T, u *coverage, seed uint64) {
	s := newSite(t, u)
	g := newGrower(s, seed)
	s.name = fmt.Sprintf("HUICUN_TEST_SEED=%d, founding", seed)
	g.found()
	hs := s.serveLive()
	for step := range scopeSteps {
		s.name = fmt.Sprintf("HUICUN_TEST_SEED=%d, step %d", seed, step)
		g.liveStep(hs)
		for _, v := range g.realm.viewers {
			if !v.disabled {
				g.checkViewer(v)
			}
		}
		if t.Failed() {
			return
		}
	}
	g.deleteRule()
}

// checkViewer asks everything once as v.
func (g *grower) checkViewer(v *refViewer) {
	g.t.Helper()
	for _, check := range []func(*refViewer){
		g.checkMe, g.checkDepartments, g.checkEmployees, g.checkEmployee, g.checkChats, g.checkChat, g.checkMessages, g.checkMessages,
		g.walkMessages, g.checkFind, g.checkSearch, g.checkSearch, g.checkSearch, g.checkSuggestions, g.checkSaved, g.checkDays, g.checkMessage, g.checkMedia, g.checkFile, g.checkFile, g.checkFileLinks, g.checkViolations, g.checkViolation, g.checkAlerts, g.checkAdminPages,
		g.checkLinks, g.checkForeignCursors,
	} {
		check(v)
	}
}

// deleteRule makes a rule and deletes it.
func (g *grower) deleteRule() {
	g.t.Helper()
	in := (&refRule{name: "spare"}).input()
	path := "/rules/" + changeAs[idOnly](g.scopeSite, g.admin, http.MethodPost, "/rules", in).ID
	if a := g.ask(g.admin, http.MethodDelete, path, nil); a.status != http.StatusNoContent {
		g.t.Errorf("%s: DELETE %s: %d %s", g.name, path, a.status, a.body)
	}
	g.refused(g.admin, path)
}

// differ reports a difference between the reference and an answer.
func (g *grower) differ(v *refViewer, where string, want, got any) {
	g.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		g.t.Errorf("%s: %s by %s (-want +got):\n%s", g.name, where, v.userid, diff)
	}
}
