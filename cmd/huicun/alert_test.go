package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// card is an app message as a member's phone shows it.
type card struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
}

// phone reads the cards that a member received.
func (w *world) phone(userid string) []card {
	w.t.Helper()
	var list struct {
		Messages []struct {
			Dropped bool `json:"dropped"`
			Content card `json:"content"`
		} `json:"messages"`
	}
	w.call(http.MethodGet, "/sim/app-messages?userid="+url.QueryEscape(userid), nil, &list)
	var out []card
	for _, m := range list.Messages {
		if !m.Dropped {
			out = append(out, m.Content)
		}
	}
	return out
}

const customer = "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw" // 陈先生 of the reference

func TestAlertLandsOnTheMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.mustRun()
	admin := w.signIn("ZhouMingkai", true)
	w.signIn("HeRuoxi", false)
	near, far := w.addManager(admin, "SuYating", "linxiaoyu"), w.addManager(admin, "HeRuoxi", "suyating")
	admin.send(http.MethodPost, "/rules", map[string]any{
		"name": "私下转账", "words": []string{"回扣", "加我微信"}, "severity": "high", "direction": "both",
		"scope_all": true, "scope_departments": []string{}, "scope_employees": []string{}, "subscribers": []string{near.id, far.id, admin.id}, "enabled": true,
	}, nil)

	w.call(http.MethodPost, "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": customer, "text": "您好，方案发您了"}, nil)
	w.call(http.MethodPost, "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": customer, "text": "成了给您回 扣<b>，加我微信"}, nil)
	w.waitFor("the push", func() bool { return len(w.phone("SuYating")) == 1 && len(w.phone("ZhouMingkai")) == 1 })
	card := w.phone("SuYating")[0]
	if card.Title != "敏感词告警" || strings.Contains(card.Description, "<b>") || !strings.Contains(card.Description, "私下转账") {
		t.Errorf("card = %+v", card)
	}
	if got := w.phone("HeRuoxi"); len(got) != 0 {
		t.Errorf("the manager of somebody else got %+v", got)
	}

	link, err := url.Parse(card.URL)
	if err != nil {
		t.Fatal(err)
	}
	message, violation := link.Query().Get("m"), link.Query().Get("a")
	var page struct {
		Target string
		Items  []struct {
			ID, Text   string
			Violations []struct{ Words []string }
		}
	}
	path := strings.Replace(link.Path, "/c/", "/conversations/", 1) + "/messages?around=" + message
	if status := near.get(path, &page); status != http.StatusOK {
		t.Fatalf("GET %s answers %d", path, status)
	}
	last := page.Items[len(page.Items)-1]
	if page.Target != message || last.ID != message || len(last.Violations) != 1 {
		t.Errorf("landing: target %s, last %+v", page.Target, last)
	}
	if diff := cmp.Diff([]string{"回扣", "加我微信"}, last.Violations[0].Words); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
	for _, p := range []string{path, "/messages/" + message, "/violations/" + violation, strings.Replace(link.Path, "/c/", "/conversations/", 1)} {
		if status := far.get(p, nil); status != http.StatusNotFound {
			t.Errorf("out of scope: GET %s answers %d, want 404", p, status)
		}
	}
	w.waitFor("the delivery to be noted", func() bool {
		var list struct{ Items []struct{ State string } }
		return near.get("/alerts", &list) == http.StatusOK && len(list.Items) == 1 && list.Items[0].State == "sent"
	})
}

func TestDeletionAlertsInBothDirections(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.mustRun()
	admin := w.signIn("ZhouMingkai", true)
	near, far := w.addManager(admin, "SuYating", "linxiaoyu"), w.addManager(admin, "HeRuoxi", "suyating")
	w.call(http.MethodPost, "/sim/messages", map[string]string{"from": customer, "to": "LinXiaoyu", "text": "不用了"}, nil)
	w.waitReceived(1)
	w.call(http.MethodPost, "/sim/delete", map[string]string{"userid": "LinXiaoyu", "external_userid": customer, "by": "customer"}, nil)
	w.waitFor("the customer's deletion", func() bool { return len(w.phone("SuYating")) == 1 })
	w.call(http.MethodPost, "/sim/delete", map[string]string{"userid": "LinXiaoyu", "external_userid": customer, "by": "employee"}, nil)
	w.waitFor("the employee's deletion", func() bool { return len(w.phone("SuYating")) == 2 })
	var titles []string
	for _, m := range w.phone("SuYating") {
		titles = append(titles, m.Title)
		if !strings.Contains(m.URL, "/c/") || !strings.Contains(m.URL, "m=") {
			t.Errorf("%s leads to %s, not to the last messages", m.Title, m.URL)
		}
	}
	if diff := cmp.Diff([]string{"客户删除了员工", "员工删除了客户"}, titles); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	var list struct{ Items []struct{ Kind, ID string } }
	if near.get("/violations?tab=behaviours", &list); len(list.Items) != 2 {
		t.Errorf("violations = %+v", list)
	}
	if far.get("/violations", &list); len(list.Items) != 0 || len(w.phone("HeRuoxi")) != 0 {
		t.Errorf("the manager of somebody else sees %+v", list)
	}
}

// The first message of a colleague whom the directory does not know yet waits
// for the look-up, so that the manager of their department is told.
func TestFirstAlertOfANewColleague(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.mustRun()
	admin := w.signIn("ZhouMingkai", true)
	w.addManager(admin, "SuYating", "linxiaoyu")
	var me struct{ Items []struct{ ID, Userid string } }
	admin.get("/viewers", &me)
	var ids []string
	for _, v := range me.Items {
		ids = append(ids, v.ID)
	}
	admin.send(http.MethodPost, "/rules", map[string]any{
		"name": "回扣", "words": []string{"回扣"}, "severity": "high", "direction": "both",
		"scope_all": true, "scope_departments": []string{}, "scope_employees": []string{}, "subscribers": ids, "enabled": true,
	}, nil)
	// As if the directory had never heard of her: the row goes, the grant stays.
	for _, q := range []string{
		`DELETE FROM viewer_employees WHERE person = 'linxiaoyu'`, `DELETE FROM employee_departments WHERE person = 'linxiaoyu'`,
		`UPDATE employees SET status = 0, updated_at = now() WHERE person = 'linxiaoyu'`,
	} {
		if _, err := w.db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	w.call(http.MethodPost, "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": customer, "text": "给您回扣"}, nil)
	w.waitFor("the push", func() bool { return len(w.phone("SuYating")) == 1 })
}
