package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"huicun/internal/fault"
	"huicun/internal/personid"
)

// SyncUnknown reads only what the archive knows by its ids alone: employees,
// customers and groups that came up in messages since the last sync. It is
// cheap when there are none, and asks for an id that WeCom does not know once a
// day. While Sync runs, which does the same, it does nothing. The count is that
// of the objects found.
func (s *Service) SyncUnknown(ctx context.Context) (int, error) {
	if !s.running.TryLock() {
		return 0, nil
	}
	defer s.running.Unlock()
	r := &run{Service: s, started: s.Now().UTC()}
	found := 0
	var errs []error
	for _, do := range []func(context.Context) (int, error){r.newEmployees, r.newCustomers, r.newGroups, r.newRobots} {
		n, err := do(ctx)
		found += n
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return found, fmt.Errorf("sync unknown ids: %w", err)
	}
	return found, nil
}

func (r *run) newEmployees(ctx context.Context) (int, error) {
	found := map[string]Employee{}
	if err := r.unknownEmployees(ctx, found); err != nil || len(found) == 0 {
		return 0, err
	}
	return len(found), r.Store.ApplyEmployees(ctx, r.started, sorted(found))
}

func (r *run) newCustomers(ctx context.Context) (int, error) {
	book := Book{At: r.started}
	if err := r.unknownCustomers(ctx, &book, nil); err != nil || len(book.Customers) == 0 {
		return 0, err
	}
	book = book.unique()
	return len(book.Customers), r.Store.ApplyBook(ctx, book)
}

func (r *run) newGroups(ctx context.Context) (int, error) {
	rooms, err := r.Store.UnknownRooms(ctx, r.notWorthAsking(), maxUnknown)
	if err != nil || len(rooms) == 0 {
		return 0, err
	}
	found, readErr := r.readGroups(ctx, rooms)
	return len(found), errors.Join(readErr, r.Store.ApplyGroups(ctx, r.started, found))
}

func (r *run) newRobots(ctx context.Context) (int, error) {
	ids, err := r.Store.UnknownRobots(ctx, r.notWorthAsking(), maxUnknown)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	found, readErr := r.readRobots(ctx, ids)
	return len(found), errors.Join(readErr, r.Store.ApplyRobots(ctx, r.started, found))
}

// readRobots gives the robots that could be read; an error when too many could
// not.
func (r *run) readRobots(ctx context.Context, ids []string) ([]Robot, error) {
	var mu sync.Mutex
	var failed failures
	var found []Robot
	err := each(ctx, ids, func(ctx context.Context, id string) error {
		robot, err := r.Source.Robot(ctx, id)
		switch {
		case fault.Is(err, fault.CodeNotFound) || err != nil && ofOneObject(err):
			r.notKnown(id) // asked for again tomorrow
			return nil
		case err != nil:
			return failed.add(err)
		}
		mu.Lock()
		defer mu.Unlock()
		found = append(found, robot)
		return nil
	})
	return found, err
}

// SyncCustomer reads one customer and the employees who have them. Not_found:
// nobody in sight has this customer.
func (s *Service) SyncCustomer(ctx context.Context, externalUserID string) error {
	at := s.Now().UTC()
	relations, err := s.Source.Customer(ctx, externalUserID)
	if err != nil {
		return fmt.Errorf("read customer: %w", err)
	}
	b := Book{At: at}
	b.add(relations, nil)
	return s.Store.ApplyBook(ctx, b.unique())
}

// SyncGroup reads one group with its members. Not_found: WeCom knows no such
// group, or it began on WeChat's side.
func (s *Service) SyncGroup(ctx context.Context, roomid string) error {
	at := s.Now().UTC()
	group, err := s.Source.Group(ctx, roomid)
	if err != nil {
		return fmt.Errorf("read group: %w", err)
	}
	return s.Store.ApplyGroups(ctx, at, []Group{group})
}

// MarkFollow records what a callback tells about a relation: that it began
// (FollowActive), or how it ended, and when. Callbacks may come late, twice or
// out of order: what is older than what is known changes nothing. Ids are as
// WeCom spells them.
func (s *Service) MarkFollow(ctx context.Context, userid, externalUserID string, state FollowState, at time.Time) error {
	switch state {
	case FollowActive, FollowDeletedByEmployee, FollowDeletedByCustomer, FollowTransferred:
	default:
		return fault.Invalid("state", "no callback says that")
	}
	if userid == "" || externalUserID == "" || at.IsZero() {
		return fault.Invalid("mark", "needs both ids and a time")
	}
	m := Mark{Employee: personid.Key(userid), Customer: personid.Key(externalUserID), State: state, At: at.UTC()}
	return s.Store.MarkFollow(ctx, m)
}
