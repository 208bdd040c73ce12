package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"huicun/internal/fault"
	"huicun/internal/outbox"
	"huicun/internal/rules"
	"huicun/internal/wecom/callback"
)

// relation is the XML of a change of a relation, second seconds after t0.
func relation(change, employee, customer, source string, second int) []byte {
	return fmt.Appendf(nil, `<xml><ToUserName><![CDATA[ww1]]></ToUserName><CreateTime>%d</CreateTime><MsgType><![CDATA[event]]></MsgType>
<Event><![CDATA[change_external_contact]]></Event><ChangeType><![CDATA[%s]]></ChangeType><UserID><![CDATA[%s]]></UserID>
<ExternalUserID><![CDATA[%s]]></ExternalUserID><Source><![CDATA[%s]]></Source></xml>`, t0.Unix()+int64(second), change, employee, customer, source)
}

// receive stores a callback as its receiver does.
func (d *desk) receive(t *testing.T, url string, body []byte) bool {
	t.Helper()
	e, err := callback.ParseEvent(body)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := d.SaveCallbackEvent(t.Context(), url, e.Event, e.ChangeType, body)
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func (d *desk) events() *rules.Events {
	return &rules.Events{Store: d.DB, Parse: func(body []byte) (rules.Event, error) {
		e, err := callback.ParseEvent(body)
		return rules.Event{
			Event: e.Event, ChangeType: e.ChangeType, UserID: e.UserID, ExternalUserID: e.ExternalUserID,
			Source: e.Source, At: e.CreateTime,
		}, err
	}}
}

func callbackItem(id int64) outbox.Item {
	return outbox.Item{Kind: rules.KindCallback, Args: fmt.Appendf(nil, `{"event_id":%d}`, id), Attempt: 1, MaxAttempts: 20}
}

// work acts on all callbacks received, those done before too.
func (d *desk) work(t *testing.T) {
	t.Helper()
	var ids []int64
	if err := d.DB.Select(&ids, `SELECT CAST(args->>'event_id' AS bigint) FROM outbox WHERE kind = 'callback' ORDER BY id`); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if err := d.events().Handle(t.Context(), callbackItem(id)); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	sqlTestDeletions = `SELECT concat_ws('|', v.kind, v.severity, v.sender, v.receiver, to_char(v.occurred_at AT TIME ZONE 'UTC', 'HH24:MI:SS'),
		(SELECT m.text FROM messages m WHERE m.id = v.message_id AND m.conv_id = v.conv_id AND m.seq = v.seq),
		(SELECT string_agg(x.person, ',') FROM violation_employees x WHERE x.violation_id = v.id)) FROM violations v ORDER BY v.id`
	sqlTestStates = `SELECT concat_ws('|', employee, customer, state) FROM follows ORDER BY employee, customer`
	sqlTestUndone = `SELECT CAST(id AS text) FROM callback_events WHERE processed_at IS NULL ORDER BY id`
)

func TestDeletions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name               string
		said               []line
		change, source     string
		violations, states []string
		told               []string
	}{
		{
			"by the customer, after a chat",
			[]line{{"Shop", buyer, "", "您好"}, {buyer, "Shop", "", "不用了"}, {"Svc", buyer, "", "别的聊天"}},
			"del_follow_user", "",
			[]string{"customer_deleted_employee|mid|" + buyer + "|shop|15:59:09|不用了|shop"},
			[]string{"shop|" + buyer + "|deleted_by_customer"},
			[]string{"boss|Boss|pending", "mei|Mei|pending"},
		},
		{
			"by the employee, after a chat",
			[]line{{buyer, "Shop", "", "多少钱"}},
			"del_external_contact", "",
			[]string{"employee_deleted_customer|high|shop|" + buyer + "|15:59:09|多少钱|shop"},
			[]string{"shop|" + buyer + "|deleted_by_employee"},
			[]string{"boss|Boss|pending", "mei|Mei|pending"},
		},
		{
			"without a chat, but in a group together",
			[]line{{"Shop", buyer, "R1", "大家好"}},
			"del_follow_user", "",
			[]string{"customer_deleted_employee|mid|" + buyer + "|shop|15:59:09|shop"},
			[]string{"shop|" + buyer + "|deleted_by_customer"},
			[]string{"boss|Boss|pending", "mei|Mei|pending"},
		},
		{
			"by a handover",
			[]line{{buyer, "Shop", "", "多少钱"}},
			"del_external_contact", "DELETE_BY_TRANSFER",
			nil,
			[]string{"shop|" + buyer + "|transferred"},
			nil,
		},
		{"another change", []line{{buyer, "Shop", "", "多少钱"}}, "edit_external_contact", "", nil, nil, nil},
		{"a change that nobody knows", nil, "del_everything", "", nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.manager(t, "Mei", 2)
			d.manager(t, "Svc", 5) // whom it does not concern
			quiet := d.manager(t, "East", 2)
			d.exec(t, `UPDATE viewers SET deletion_alerts = false WHERE id = $1`, quiet.ID)
			d.say(t, tt.said...)
			body := relation(tt.change, "SHOP", buyer, tt.source, 9)
			if !d.receive(t, "app", body) || d.receive(t, "app", body) {
				t.Error("a delivery is new once, and WeCom's repetition is not")
			}
			if !d.receive(t, "contacts", body) {
				t.Error("the same at another URL was not kept")
			}
			d.work(t)
			d.work(t) // the worker died before it could say that it was done
			d.wantRows(t, "violations", tt.violations, sqlTestDeletions)
			d.wantRows(t, "relations", tt.states, sqlTestStates)
			d.wantRows(t, "alerts", tt.told, sqlTestAlerts)
			d.wantRows(t, "events not done", nil, sqlTestUndone)
			d.wantRows(t, "pushes", []string{fmt.Sprint(len(tt.told))}, `SELECT CAST(count(*) AS text) FROM outbox WHERE kind = 'push'`)
			d.wantRows(t, "evidence without the callback", nil, `SELECT v.dedupe_key FROM violations v
				JOIN callback_events e ON e.id = v.event_id WHERE v.evidence_raw IS DISTINCT FROM e.body`)
		})
	}
}

func TestDeletionsReceivedAtTwoURLsAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	body := relation("del_follow_user", "Shop", buyer, "", 9)
	d.receive(t, "app", body)
	d.receive(t, "contacts", body)
	var wg sync.WaitGroup
	for _, id := range []int64{1, 2, 1, 2} {
		wg.Go(func() {
			if err := d.events().Handle(t.Context(), callbackItem(id)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	d.wantRows(t, "violations", []string{"customer_deleted_employee|mid|" + buyer + "|shop|15:59:09|shop"}, sqlTestDeletions)
	d.wantRows(t, "alerts", []string{"boss|Boss|pending"}, sqlTestAlerts)
	d.wantRows(t, "events not done", nil, sqlTestUndone)
}

func TestDeletionAgainAfterAReunion(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, second := range []int{9, 500} {
		d.receive(t, "app", relation("del_follow_user", "Shop", buyer, "", second))
	}
	d.work(t)
	d.wantRows(t, "violations", []string{
		"customer_deleted_employee|mid|" + buyer + "|shop|15:59:09|shop", "customer_deleted_employee|mid|" + buyer + "|shop|16:07:20|shop",
	}, sqlTestDeletions)
}

func TestCallbacksWithoutWork(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if fresh, err := d.SaveCallbackEvent(t.Context(), "app", "msgaudit_notify", "", []byte("<xml/>")); !fresh || err != nil {
		t.Errorf("SaveCallbackEvent = %v, %v", fresh, err)
	}
	d.wantRows(t, "work", nil, `SELECT kind FROM outbox WHERE kind <> 'names'`) // that is of the people of the test
	d.wantRows(t, "events not done", nil, sqlTestUndone)
}

func TestCallbackThatFailsIsNotDone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if _, err := d.SaveCallbackEvent(t.Context(), "app", "change_external_contact", "", []byte("no XML")); err != nil {
		t.Fatal(err)
	}
	d.receive(t, "app", relation("add_external_contact", "Shop", buyer, "", 9))
	events := d.events()
	down := errors.New("directory is down")
	events.Changed = func(context.Context, rules.Event) error { return down }
	if err := events.Handle(t.Context(), callbackItem(1)); err == nil {
		t.Error("what cannot be read counts as done")
	}
	if err := events.Handle(t.Context(), callbackItem(2)); !errors.Is(err, down) {
		t.Errorf("error %v, want that of the directory", err)
	}
	d.wantRows(t, "events not done", []string{"1", "2"}, sqlTestUndone)
	events.Changed = func(context.Context, rules.Event) error { return nil }
	if err := events.Handle(t.Context(), callbackItem(2)); err != nil {
		t.Error(err)
	}
	d.wantRows(t, "events not done", []string{"1"}, sqlTestUndone)
	if err := events.Handle(t.Context(), callbackItem(99)); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("an event that is not there: %v", err)
	}
	if err := d.SaveDeletion(t.Context(), rules.Deletion{EventID: 99}); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("SaveDeletion of an event that is not there: %v", err)
	}
}
