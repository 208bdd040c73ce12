package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Posted is a message that wecomsim was told to make.
type Posted struct {
	Seq        int64     `json:"seq"`
	MsgID      string    `json:"msgid"`
	AcceptedAt time.Time `json:"accepted_at"`
}

// Say makes one of two people write to the other.
func (s *Sim) Say(ctx context.Context, from, to, text string) (Posted, error) {
	var p Posted
	err := s.Call(ctx, http.MethodPost, "/sim/messages", map[string]string{"from": from, "to": to, "text": text}, &p)
	return p, err
}

// flow sets how many made-up messages a second come.
func (w *World) flow(ctx context.Context, perSecond float64) error {
	return w.Sim.Call(ctx, http.MethodPost, "/sim/rate", map[string]float64{"per_minute": perSecond * 60}, nil)
}

// made tells how many messages wecomsim has, and when that was.
func (w *World) made(ctx context.Context) (int64, time.Time, error) {
	var st struct {
		History int64 `json:"history"`
		Added   int64 `json:"added"`
	}
	err := w.Sim.Call(ctx, http.MethodGet, "/sim/stats", nil, &st)
	return st.History + st.Added, time.Now(), err
}

// behind tells how many messages wecomsim has that are not received yet.
func (w *World) behind(ctx context.Context) (int64, error) {
	made, _, err := w.made(ctx)
	if err != nil {
		return 0, err
	}
	var received int64
	err = w.DB.GetContext(ctx, &received, `SELECT received FROM pull_state`)
	return made - received, err
}

const settlePatience = 5 * time.Minute

// settle waits until the directory is known, everything so far is stored and
// the follow-up work is done.
func (w *World) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	return w.WaitFor(ctx, "huicun to catch up", func() bool {
		var synced, busy bool
		err := errors.Join(
			w.DB.GetContext(ctx, &synced, `SELECT EXISTS (SELECT 1 FROM sync_runs WHERE complete)`),
			w.DB.GetContext(ctx, &busy, `SELECT EXISTS (SELECT 1 FROM outbox WHERE state NOT IN ('completed', 'discarded'))`),
		)
		left, err2 := w.behind(ctx)
		return err == nil && err2 == nil && synced && !busy && left <= 0
	})
}

// staff gives the root of the departments and some members other than the admin.
func (w *World) staff(ctx context.Context, n int) (root int64, userids []string, err error) {
	const people = `SELECT userid FROM employees WHERE status = 1 AND person <> lower($1) ORDER BY person LIMIT $2`
	err = errors.Join(
		w.DB.GetContext(ctx, &root, `SELECT id FROM departments WHERE parent_id = 0 ORDER BY id LIMIT 1`),
		w.DB.SelectContext(ctx, &userids, people, Admin, n),
	)
	if err == nil && len(userids) == 0 {
		err = errors.New("wecomsim's company has no members")
	}
	return root, userids, err
}

// pairOfPeople are an employee and a customer who talk to each other.
type pairOfPeople struct {
	employee string // userid
	customer string // external_userid
}

const sqlPairs = `
SELECT e.userid, f.customer FROM follows f JOIN employees e ON e.person = f.employee
WHERE f.state = 'active' AND e.status = 1 AND e.archived ORDER BY f.employee, f.customer`

// pairs gives those of the company who know each other.
func (w *World) pairs(ctx context.Context) ([]pairOfPeople, error) {
	rows, err := w.DB.QueryContext(ctx, sqlPairs)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []pairOfPeople
	for rows.Next() {
		var p pairOfPeople
		if err := rows.Scan(&p.employee, &p.customer); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("nobody in wecomsim's company has customers")
	}
	return list, nil
}
