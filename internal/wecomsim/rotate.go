package wecomsim

import (
	"errors"
	"fmt"
	"os"

	"huicun/internal/fault"
)

// keyRequest is the body of POST /sim/keys.
type keyRequest struct {
	PublicKey string `json:"public_key"` // PEM; "" = make a pair
	Withhold  bool   `json:"withhold"`   // of a pair: keep its private key until POST /sim/keys/release

	rotated bool   // by a fault
	fromSeq uint64 // first message that uses it; 0 = the next one
}

// addKey makes a key that all later messages use. Without a public key in q it
// makes a pair and writes its private half beside the others, or withholds it.
func (s *Sim) addKey(q keyRequest) (keyEntry, error) {
	s.rotating.Lock()
	defer s.rotating.Unlock()
	e := keyEntry{Version: 1, PublicPEM: q.PublicKey, Rotated: q.rotated}
	last, exists := s.keys.newest()
	if exists {
		e.Version = last.Version + 1
	}
	if q.PublicKey == "" {
		made, err := s.keys.makePair(e.Version, q.Withhold)
		if err != nil {
			return keyEntry{}, err
		}
		e.PublicPEM = made
	} else if _, err := parsePublicKey([]byte(q.PublicKey)); err != nil {
		return keyEntry{}, fault.Invalid("public_key", "%s", err)
	}
	err := s.stream.atNext(func(next uint64) error {
		switch e.FromSeq = next; {
		case !exists: // the first key holds for all that is there at the start
			e.FromSeq = s.cfg.StartSeq
		case q.fromSeq > 0:
			e.FromSeq = q.fromSeq
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

// openKeys sees to it that there is a key, and that a configured one is in use.
// Faults rotate keys among the messages of the start when there was none before.
func (s *Sim) openKeys(rotated []rotation) error {
	_, exists := s.keys.newest()
	if err := s.openFirstKey(exists); err != nil || exists {
		return err
	}
	for _, r := range rotated {
		if _, err := s.addKey(keyRequest{Withhold: r.withhold, rotated: true, fromSeq: r.fromSeq}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sim) openFirstKey(exists bool) error {
	if s.cfg.PublicKey == "" {
		if exists {
			return nil
		}
		_, err := s.addKey(keyRequest{})
		return err
	}
	b, err := os.ReadFile(s.cfg.PublicKey)
	if err != nil {
		return fmt.Errorf("wecomsim: read public key: %w", err)
	}
	pub, err := parsePublicKey(b)
	if err != nil {
		return fmt.Errorf("wecomsim: %s: %w", s.cfg.PublicKey, err)
	}
	text, err := marshalPublicKey(pub)
	if err != nil || s.keys.configured() == text {
		return err
	}
	_, err = s.addKey(keyRequest{PublicKey: text})
	return err
}

// releaseKeys puts the private keys that were withheld beside the others and
// tells their versions.
func (s *Sim) releaseKeys(struct{}) (any, error) {
	released := []uint32{}
	var errs []error
	for _, version := range s.keys.versions() {
		ok, err := s.keys.release(version)
		if ok {
			released = append(released, version)
		}
		errs = append(errs, err)
	}
	return map[string]any{"released": released}, errors.Join(errs...)
}
