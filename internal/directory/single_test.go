package directory

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/fault"
)

func TestSyncUnknown(t *testing.T) {
	source := company()
	source.others = map[string]Employee{"qi": employee("Qi", 9)}
	source.strangers = map[string][]Relation{"c3": {relation("Zhou", "c3"), relation("Lin", "c3")}}
	source.robots = map[string]Robot{"wb1": {ID: "wb1", Name: "日报助手"}}
	store := &fakeStore{
		unknownEmployees: []string{"qi", "wu"}, unknownCustomers: []string{"c3", "c4"}, unknownRooms: []string{"g1", "g3"},
		unknownRobots: []string{"wb1", "wb2"},
	}
	s := newService(source, store)
	for range 2 {
		got, err := s.SyncUnknown(t.Context())
		if err != nil || got != 4 {
			t.Errorf("SyncUnknown = %d, %v, want 4", got, err)
		}
	}
	if diff := cmp.Diff([]Employee{employee("Qi", 9)}, store.single); diff != "" {
		t.Errorf("employees (-want +got):\n%s", diff)
	}
	if len(store.book.Customers) != 1 || len(store.book.Follows) != 2 || len(store.book.Read) != 0 {
		t.Errorf("book %+v", store.book)
	}
	if len(store.groups) != 1 || store.org != nil || store.finished != nil {
		t.Errorf("groups %v, org %v, run recorded %v", store.groups, store.org, store.finished)
	}
	if diff := cmp.Diff([]Robot{{ID: "wb1", Name: "日报助手"}}, store.robots); diff != "" {
		t.Errorf("robots (-want +got):\n%s", diff)
	}
	for key, want := range map[string]int{"robot wb2": 1, "employee wu": 1, "customer c4": 1, "group g3": 1} {
		if got := source.called(key); got != want {
			t.Errorf("%s was read %d times, want %d", key, got, want)
		}
	}
}

func TestSyncUnknownWithNothingToDo(t *testing.T) {
	source, store := company(), &fakeStore{}
	if got, err := newService(source, store).SyncUnknown(t.Context()); got != 0 || err != nil {
		t.Errorf("SyncUnknown = %d, %v", got, err)
	}
	if len(source.calls) != 0 || store.book != nil || store.groups != nil {
		t.Errorf("calls %v", source.calls)
	}
}

func TestSyncUnknownDoesWhatItCan(t *testing.T) {
	source := company()
	store := &fakeStore{unknownCustomers: []string{}, unknownRooms: []string{"g1"}}
	for i := range maxFailures {
		id := "c" + string(rune('a'+i))
		store.unknownCustomers = append(store.unknownCustomers, id)
		source.fail["customer "+id] = errDown
	}
	got, err := newService(source, store).SyncUnknown(t.Context())
	if got != 1 || !errors.Is(err, errDown) {
		t.Errorf("SyncUnknown = %d, %v, want the group and the error", got, err)
	}
}

func TestSyncCustomerAndGroup(t *testing.T) {
	source, store := company(), &fakeStore{}
	source.strangers = map[string][]Relation{"c3": {relation("Zhou", "c3"), relation("Lin", "c3")}}
	s := newService(source, store)
	if err := s.SyncCustomer(t.Context(), "c3"); err != nil {
		t.Fatal(err)
	}
	if len(store.book.Customers) != 1 || len(store.book.Follows) != 2 || len(store.book.Read) != 0 {
		t.Errorf("book %+v", store.book)
	}
	if err := s.SyncCustomer(t.Context(), "c9"); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("unknown customer: %v", err)
	}
	if err := s.SyncGroup(t.Context(), "g1"); err != nil {
		t.Fatal(err)
	}
	if len(store.groups) != 1 {
		t.Errorf("groups %v", store.groups)
	}
	if err := s.SyncGroup(t.Context(), "g9"); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("unknown group: %v", err)
	}
}

func TestMarkFollow(t *testing.T) {
	const external = "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw"
	store := &fakeStore{}
	s := newService(company(), store)
	if err := s.MarkFollow(t.Context(), "LinXiaoyu", external, FollowDeletedByCustomer, testTime); err != nil {
		t.Fatal(err)
	}
	want := &Mark{Employee: "linxiaoyu", Customer: external, State: FollowDeletedByCustomer, At: testTime}
	if diff := cmp.Diff(want, store.mark); diff != "" {
		t.Errorf("Mark (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		name, userid, external string
		state                  FollowState
		at                     time.Time
	}{
		{"a state that only the sync finds", "Lin", external, FollowGone, testTime},
		{"an unknown state", "Lin", external, "odd", testTime},
		{"no employee", "", external, FollowActive, testTime},
		{"no customer", "Lin", "", FollowActive, testTime},
		{"no time", "Lin", external, FollowActive, time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := s.MarkFollow(t.Context(), tt.userid, tt.external, tt.state, tt.at); !fault.Is(err, fault.CodeInvalid) {
				t.Errorf("MarkFollow: %v, want invalid", err)
			}
		})
	}
}
