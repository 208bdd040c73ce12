package wecomsim

import (
	"fmt"

	"huicun/internal/fault"
)

// addKey makes a key that all later messages use. publicPEM "" makes a pair and
// writes its private half beside the others.
func (s *Sim) addKey(publicPEM string) (keyEntry, error) {
	s.rotating.Lock()
	defer s.rotating.Unlock()
	e := keyEntry{Version: 1, PublicPEM: publicPEM}
	last, exists := s.keys.newest()
	if exists {
		e.Version = last.Version + 1
	}
	if publicPEM == "" {
		made, err := s.keys.makePair(e.Version)
		if err != nil {
			return keyEntry{}, err
		}
		e.PublicPEM = made
	} else if _, err := parsePublicKey([]byte(publicPEM)); err != nil {
		return keyEntry{}, fault.Invalid("public_key", "%s", err)
	}
	err := s.stream.atNext(func(next uint64) error {
		e.FromSeq = next
		if !exists { // the first key holds for all that is there at the start
			e.FromSeq = s.cfg.StartSeq
		}
		if err := s.journal.write(entry{Key: &e}); err != nil {
			return err
		}
		return s.keys.add(e)
	})
	if err != nil {
		return keyEntry{}, fmt.Errorf("wecomsim: add key: %w", err)
	}
	return e, nil
}
