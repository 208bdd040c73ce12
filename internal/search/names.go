package search

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"huicun/internal/outbox"
)

// KindNames is the outbox kind of names that changed; it has no args: the store
// knows whose.
const KindNames = "names"

// Form says how a key spells a name. Numbers are in the database.
type Form int16

// The forms.
const (
	FormText     Form = iota // as it is written, folded
	FormPinyin               // its syllables, without tones and blanks
	FormInitials             // the first letter of each syllable
)

// NameKey is a text by whose beginning a name is found.
type NameKey struct {
	Key    string
	Form   Form
	Inside bool // it begins within the name
}

// Bounds of the keys of one name.
const (
	maxKeyRunes = 40 // of the name; the rest does not count
	maxSpelling = 16 // of one name, where characters have several readings
	maxInside   = 20 // keys that begin within
)

// NameKeys gives the keys of a name: from its beginning and from each character
// or word within, as it is written and, where it has Chinese characters, in
// pinyin; by initials from its beginning only. Characters with several readings
// make several, see readings.
func NameKeys(name string) []NameKey {
	folded := firstRunes(strings.TrimSpace(Fold(name, false)), maxKeyRunes)
	if folded == "" {
		return nil
	}
	parts := partsOf(folded)
	seen := map[NameKey]bool{}
	var keys []NameKey
	inside := 0
	add := func(key string, form Form, within bool) {
		k := NameKey{Key: key, Form: form, Inside: within}
		if key == "" || seen[k] || within && inside >= maxInside {
			return
		}
		seen[k] = true
		if within {
			inside++
		}
		keys = append(keys, k)
	}
	add(folded, FormText, false)
	spelled := spellings(parts)
	for _, syllables := range spelled {
		add(strings.Join(syllables, ""), FormPinyin, false)
		add(initials(parts, syllables), FormInitials, false)
	}
	for i, p := range parts {
		if i > 0 && p.starts {
			add(folded[p.at:], FormText, true)
		}
	}
	for _, syllables := range spelled {
		for i, p := range parts {
			if i > 0 && p.starts {
				add(strings.Join(syllables[i:], ""), FormPinyin, true)
			}
		}
	}
	return keys
}

// part is one character of a folded name.
type part struct {
	at     int  // byte offset
	starts bool // a Chinese character, or the first one of a word
	spells []string
}

func partsOf(folded string) []part {
	var parts []part
	word := false
	for at, r := range folded {
		p := part{at: at}
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		switch {
		case unicode.Is(unicode.Han, r):
			p.starts = true
			p.spells = readings(r)
		case letter:
			p.starts = !word
			p.spells = []string{string(r)}
		}
		word = letter && !unicode.Is(unicode.Han, r)
		parts = append(parts, p)
	}
	return parts
}

// spellings gives, for a name with Chinese characters, what each of its parts is
// in pinyin, once for each combination of readings.
func spellings(parts []part) [][]string {
	all := [][]string{{}}
	han := false
	for _, p := range parts {
		spells := p.spells
		if len(spells) == 0 {
			spells = []string{""}
		}
		if len(spells) > 1 || len(spells[0]) > 1 {
			han = true
		}
		if len(all)*len(spells) > maxSpelling {
			spells = spells[:1]
		}
		next := make([][]string, 0, len(all)*len(spells))
		for _, before := range all {
			for _, s := range spells {
				next = append(next, append(slices.Clone(before), s))
			}
		}
		all = next
	}
	if !han {
		return nil
	}
	return all
}

func initials(parts []part, syllables []string) string {
	var b strings.Builder
	for i, s := range syllables {
		if parts[i].starts && s != "" {
			b.WriteString(firstRunes(s, 1))
		}
	}
	return b.String()
}

// NameStore keeps the keys of names.
type NameStore interface {
	// SaveNameKeys makes the keys of up to n people and groups anew whose names
	// changed, and reports how many there were.
	SaveNameKeys(ctx context.Context, n int, keys func(name string) []NameKey) (int, error)
}

// Namer keeps the keys of names as names change.
type Namer struct{ Store NameStore }

// namesAtOnce is how many names are done in one transaction.
const namesAtOnce = 1000

// Handle is the outbox handler of KindNames.
func (n *Namer) Handle(ctx context.Context, _ outbox.Item) error {
	const longest = 30 * time.Second // then others have a turn
	for begin := time.Now(); time.Since(begin) < longest; {
		done, err := n.Store.SaveNameKeys(ctx, namesAtOnce, NameKeys)
		if err != nil {
			return err
		}
		if done < namesAtOnce {
			return nil
		}
	}
	return outbox.Snooze(0)
}
