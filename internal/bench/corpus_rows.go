package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/archive"
	"huicun/internal/personid"
)

func (l *loader) copyRevokes(ctx context.Context) error {
	columns := strings.Fields(`id pre_id pre_base_id pre_msgid conv_id from_id msgtime`)
	return copyRows(ctx, l.db, "revokes", columns, func(row rowFunc) error {
		for i := range l.revokes {
			m := &l.revokes[i]
			if err := row(m.ID, archive.MessageID(m.PreMsgID), archive.BaseMessageID(m.PreMsgID), m.PreMsgID, m.ConvID, m.FromID, m.SentAt); err != nil {
				return err
			}
		}
		return nil
	})
}

const sqlSetCounters = `
UPDATE pull_state SET seq = $1, last_batch_id = $2, media_batch_id = $2, index_batch_id = $2, received = $3, stored = $3, last_msgtime = $4, last_success_at = $5
WHERE id = 1`

// copyBatches writes the ledger and the counters that agree with it.
func (l *loader) copyBatches(ctx context.Context) error {
	columns := strings.Fields(`id kind stored_at from_seq first_seq last_seq received added quarantined duplicates min_msgtime max_msgtime`)
	var end batchRow
	err := copyRows(ctx, l.db, "batches", columns, func(row rowFunc) error {
		for _, b := range l.batches {
			if err := row(b.id, "page", b.storedAt, end.last, b.first, b.last, b.added, b.added, 0, 0, b.min, b.max); err != nil {
				return err
			}
			b.max = maxTime(end.max, b.max)
			end = b
		}
		return nil
	})
	if err != nil || end.id == 0 {
		return err
	}
	_, err = l.db.ExecContext(ctx, sqlSetCounters, end.last, end.id, l.stored, end.max, end.storedAt)
	return err
}

// newAlarm says whose violation a message is: the sender's, or that of the
// employees who received it.
func newAlarm(m *archive.Decoded) alarm {
	a := alarm{m: m.Message}
	a.m.RawSHA256 = nil
	if m.Conv.Kind == archive.ConvDirect {
		if a.receiver = m.Conv.A; a.receiver == m.FromID {
			a.receiver = m.Conv.B
		}
	}
	if !personid.External(m.FromID) {
		a.employees = []string{m.FromID}
		return a
	}
	for _, p := range m.Members {
		if !personid.External(p) {
			a.employees = append(a.employees, p)
		}
	}
	return a
}

// copyAlarms writes what the rule of the corpus found.
func (l *loader) copyAlarms(ctx context.Context) error {
	var rule int64
	const q = `INSERT INTO rules (name, words, severity) VALUES ('corpus', $1, 'high') RETURNING id`
	if err := l.db.GetContext(ctx, &rule, q, pq.Array([]string{alarmWord})); err != nil {
		return err
	}
	columns := strings.Fields(`id dedupe_key kind rule_id rule_version rule_name severity words spans sender receiver conv_id message_id seq msgtype
		occurred_at evidence_text evidence_raw created_at`)
	err := copyRows(ctx, l.db, "violations", columns, func(row rowFunc) error {
		for i, a := range l.alarms {
			at := strings.Index(a.m.Text, alarmWord)
			if err := row(i+1, fmt.Sprintf("word:%d:%s", rule, a.m.ID), "word", rule, 1, "corpus", "high", "{"+alarmWord+"}",
				fmt.Sprintf("[[%d,%d]]", at, at+len(alarmWord)), a.m.FromID, a.receiver, a.m.ConvID, a.m.ID, a.m.Seq, a.m.MsgType,
				a.m.SentAt, a.m.Text, a.m.Raw, a.m.PulledAt); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := l.db.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence('violations', 'id'), $1)`, len(l.alarms)+1); err != nil {
		return err
	}
	return copyRows(ctx, l.db, "violation_employees", []string{"violation_id", "person"}, func(row rowFunc) error {
		for i, a := range l.alarms {
			for _, p := range a.employees {
				if err := row(i+1, p); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// loadDirectory writes departments, people and groups, as after a full sync.
func (c *Corpus) loadDirectory(ctx context.Context, db *sqlx.DB) error {
	for _, t := range []struct {
		table, columns string
		fill           func(row rowFunc) error
	}{
		{"departments", "id parent_id name", c.fillDepartments},
		{"employees", "person userid name main_department archived archived_before", c.fillEmployees},
		{"employee_departments", "person department_id", c.fillPlaces},
		{"customers", "person external_userid name type", c.fillCustomers},
		{"follows", "employee customer remark", c.fillFollows},
		{"groups", "roomid name owner external", c.fillGroups},
		{"group_members", "roomid person name", c.fillGroupMembers},
	} {
		if err := copyRows(ctx, db, t.table, strings.Fields(t.columns), t.fill); err != nil {
			return err
		}
	}
	return nil
}

func (c *Corpus) fillDepartments(row rowFunc) error {
	if err := row(rootDepartment, 0, "公司"); err != nil {
		return err
	}
	for e := 0; e < c.opts.Employees; e += teamSize {
		if e%divisionSize == 0 {
			if err := row(divisionOf(e), rootDepartment, fmt.Sprintf("事业部%d", divisionOf(e)-99)); err != nil {
				return err
			}
		}
		if err := row(teamOf(e), divisionOf(e), fmt.Sprintf("%d组", teamOf(e)-999)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Corpus) fillEmployees(row rowFunc) error {
	for e := range c.opts.Employees {
		if err := row(person(e), Userid(e), nameOf(e), teamOf(e), true, true); err != nil {
			return err
		}
	}
	return nil
}

func (c *Corpus) fillPlaces(row rowFunc) error {
	for e := range c.opts.Employees {
		if err := row(person(e), teamOf(e)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Corpus) fillCustomers(row rowFunc) error {
	for x := range c.opts.Customers {
		id := externalUserid(x)
		if err := row(id, id, nameOf(-x-1), 1); err != nil {
			return err
		}
	}
	return nil
}

func (c *Corpus) fillFollows(row rowFunc) error {
	for x := range c.opts.Customers {
		if err := row(person(c.employeeOf(x)), externalUserid(x), nameOf(-x-1)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Corpus) fillGroups(row rowFunc) error {
	for _, g := range c.groups {
		if err := row(g.roomID, g.name, person(g.owner), true); err != nil {
			return err
		}
	}
	return nil
}

func (c *Corpus) fillGroupMembers(row rowFunc) error {
	for _, g := range c.groups {
		for _, id := range g.members {
			if err := row(g.roomID, personid.Key(id), ""); err != nil {
				return err
			}
		}
	}
	return nil
}
