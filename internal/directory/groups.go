package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"huicun/internal/fault"
)

// groups reads the customer groups that employees own, and those that the
// archive knows by their ids only: internal groups are in no list, nor are
// customer groups whose owner is out of sight. What was read is applied even
// when others failed, since every group is whole in itself.
func (r *run) groups(ctx context.Context) error {
	ids, err := r.groupIDs(ctx)
	if err != nil {
		return err
	}
	found, readErr := r.readGroups(ctx, ids)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := r.Store.ApplyGroups(ctx, r.started, found); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	r.report.Groups = len(found)
	if readErr == nil && r.follow == nil {
		return errors.New("who may own groups is not known: see customers")
	}
	return readErr
}

// readGroups gives the groups that could be read; an error when too many could
// not.
func (r *run) readGroups(ctx context.Context, ids []string) ([]Group, error) {
	var mu sync.Mutex
	var failed failures
	var found []Group
	err := each(ctx, ids, func(ctx context.Context, id string) error {
		group, err := r.Source.Group(ctx, id)
		switch {
		case fault.Is(err, fault.CodeNotFound):
			r.notKnown(id)
			return nil
		case err != nil:
			r.problem("group", id, err.Error())
			if ofOneObject(err) {
				return nil
			}
			return failed.add(err)
		}
		mu.Lock()
		defer mu.Unlock()
		found = append(found, group)
		return nil
	})
	return found, err
}

// groupIDs gives the ids of all groups that are to be read.
func (r *run) groupIDs(ctx context.Context) ([]string, error) {
	var mu sync.Mutex
	var ids []string
	err := r.inBlocks(ctx, "employee", r.follow, func(ctx context.Context, block []string) error {
		got, err := r.Source.GroupIDs(ctx, block)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, got...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	rooms, err := r.Store.UnknownRooms(ctx, r.notWorthAsking(), maxUnknown)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return lastOf(append(ids, rooms...), func(id string) string { return id }), nil
}
