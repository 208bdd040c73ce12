package directory

import (
	"context"
	"fmt"
	"sync"

	"huicun/internal/fault"
	"huicun/internal/personid"
)

// customers reads the customers of every employee who may have some, then
// those whom the archive knows by their ids only.
func (r *run) customers(ctx context.Context) error {
	follow, err := r.Source.FollowUsers(ctx)
	if err != nil {
		return err
	}
	r.follow = append([]string{}, follow...) // not nil: it was read
	names, err := r.Source.Tags(ctx)
	if err != nil {
		r.problem("tags", "", err.Error())
		names = nil
	}
	book := Book{At: r.started}
	if err := r.readBook(ctx, &book, names); err != nil {
		return err
	}
	if err := r.unknownCustomers(ctx, &book, names); err != nil {
		return err
	}
	book = book.unique()
	if err := r.Store.ApplyBook(ctx, book); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	r.report.Customers, r.report.Follows = len(book.Customers), len(book.Follows)
	return nil
}

// readBook reads the customers of r.follow into book.
func (r *run) readBook(ctx context.Context, book *Book, names map[string]string) error {
	var mu sync.Mutex
	return r.inBlocks(ctx, "employee", r.follow, func(ctx context.Context, block []string) error {
		got, err := r.Source.CustomersOf(ctx, block)
		if err != nil {
			return err
		}
		r.bad("customer", "", got.Bad)
		mu.Lock()
		defer mu.Unlock()
		book.add(got.Items, names)
		if got.Bad == 0 {
			book.Read = append(book.Read, without(block, got.Skipped)...)
		}
		return nil
	})
}

// without gives the persons of userids who are not among skipped.
func without(userids, skipped []string) []string {
	skip := map[string]bool{}
	for _, id := range skipped {
		skip[personid.Key(id)] = true
	}
	var out []string
	for _, id := range userids {
		if person := personid.Key(id); !skip[person] {
			out = append(out, person)
		}
	}
	return out
}

// unknownCustomers reads, one by one, customers who are in chats but nobody's:
// members of groups, or customers of employees out of sight.
func (r *run) unknownCustomers(ctx context.Context, book *Book, names map[string]string) error {
	ids, err := r.Store.UnknownCustomers(ctx, r.notWorthAsking(), maxUnknown)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	var mu sync.Mutex
	var failed failures
	return each(ctx, book.strangers(ids), func(ctx context.Context, id string) error {
		relations, err := r.Source.Customer(ctx, id)
		switch {
		case fault.Is(err, fault.CodeNotFound): // nobody in sight has them: no news
			r.notKnown(id)
			return nil
		case err != nil:
			r.problem("customer", id, err.Error())
			if ofOneObject(err) {
				return nil
			}
			return failed.add(err)
		}
		mu.Lock()
		defer mu.Unlock()
		book.add(relations, names)
		return nil
	})
}

// strangers leaves out the ids that the book has already.
func (b *Book) strangers(ids []string) []string {
	have := map[string]bool{}
	for _, c := range b.Customers {
		have[c.Person] = true
	}
	var out []string
	for _, id := range ids {
		if !have[personid.Key(id)] {
			out = append(out, id)
		}
	}
	return out
}

// add adds relations, their tags by name. Without names the tags of those that
// come with ids only are left as they are stored.
func (b *Book) add(relations []Relation, names map[string]string) {
	for _, r := range relations {
		f := r.Follow
		if f.Tags == nil && (names != nil || len(r.TagIDs) == 0) {
			f.Tags = tagNames(r.TagIDs, names)
		}
		b.Customers = append(b.Customers, r.Customer)
		b.Follows = append(b.Follows, f)
	}
}

// tagNames gives the names of tags; one that was made since the names were
// read is left out until the next sync.
func tagNames(ids []string, names map[string]string) []string {
	out := []string{}
	for _, id := range ids {
		if name := names[id]; name != "" {
			out = append(out, name)
		}
	}
	return out
}

// unique keeps one entry for each customer and relation, the last: a customer
// of several employees comes several times.
func (b Book) unique() Book {
	b.Customers = lastOf(b.Customers, func(c Customer) string { return c.Person })
	b.Follows = lastOf(b.Follows, func(f Follow) [2]string { return [2]string{f.Employee, f.Customer} })
	return b
}

// lastOf keeps the last item of each key, in the order of first appearance.
func lastOf[T any, K comparable](items []T, key func(T) K) []T {
	at := map[K]int{}
	var out []T
	for _, item := range items {
		k := key(item)
		if i, ok := at[k]; ok {
			out[i] = item
			continue
		}
		at[k] = len(out)
		out = append(out, item)
	}
	return out
}
