package server

import (
	"context"
	"strings"

	"huicun/internal/directory"
	"huicun/server/api"
)

// person looks up who an id is; one that nobody knows is its own name.
func (s *Server) person(ctx context.Context, id string) (directory.Person, error) {
	found, err := s.Archive.Persons(ctx, []string{id})
	if err != nil {
		return directory.Person{}, err
	}
	return personIn(found, id), nil
}

// personIn gives a person out of those looked up.
func personIn(found map[string]directory.Person, id string) directory.Person {
	if p, ok := found[id]; ok {
		return p
	}
	return directory.Person{ID: id, Kind: directory.KindUnknown, Name: id}
}

func newPerson(p directory.Person) api.Person {
	kind := api.PersonKind(p.Kind)
	if !kind.Valid() {
		kind = api.PersonKind(directory.KindUnknown)
	}
	return api.Person{
		Id: p.ID, Kind: kind, Name: named(p.Name), Avatar: optional(ownPath(p.Avatar)), CorpName: optional(named(p.CorpName)),
		Account: optional(api.PersonAccount(p.Account)), Left: optional(p.Left),
		Userid: optional(named(p.UserID)), NameNow: optional(named(p.NameNow)),
	}
}

// personOrNil gives nil for nobody.
func personOrNil(p directory.Person) *api.Person {
	if p.ID == "" {
		return nil
	}
	out := newPerson(p)
	return &out
}

// ownPath lets addresses of this site pass; the H5 may load no others.
func ownPath(s string) string {
	if strings.HasPrefix(s, "/") && safePath(s) == s {
		return s
	}
	return ""
}
