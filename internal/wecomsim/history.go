package wecomsim

import (
	"errors"
	"fmt"
	"time"

	"huicun/internal/wecomsim/corpus"
)

// openStream finds the messages and people to start with and what happened to
// them before.
func (s *Sim) openStream() (historyFaults, error) {
	m, err := readMeta(s.dir)
	if err != nil {
		return historyFaults{}, err
	}
	end := s.historyEnd(m)
	base, err := s.openSource(end, s.cfg.Gallery && (m.Identity == "" || withGallery(m.Identity)))
	if err != nil {
		return historyFaults{}, err
	}
	s.keys = &keyRing{dir: s.dir}
	spoilt, err := s.spoil(base)
	if err != nil {
		return spoilt, errors.Join(err, base.Close())
	}
	s.stream = newStream(s.cfg.StartSeq, spoilt.source, spoilt.jumps, s.keys)
	if s.directory, err = s.openDirectory(); err != nil {
		return spoilt, err
	}
	if s.journal, err = openJournal(journalFile(s.dir), s.replay); err != nil {
		return spoilt, err
	}
	s.stream.journal, s.phones.journal = s.journal, s.journal
	return spoilt, s.checkMeta(m, meta{Identity: spoilt.source.Identity(), StartSeq: s.cfg.StartSeq, End: end})
}

// historyEnd is the configured end, else that of the last run on the same
// directory, else now.
func (s *Sim) historyEnd(m meta) time.Time {
	switch {
	case !s.cfg.End.IsZero():
		return s.cfg.End.UTC()
	case !m.End.IsZero():
		return m.End
	default:
		return s.cfg.Now().UTC().Truncate(time.Minute)
	}
}

// openSource opens what the stream begins with. A data directory whose history
// began without the sample chat goes on without it: its seqs are given out.
func (s *Sim) openSource(end time.Time, gallery bool) (source, error) {
	o := corpus.Options{Seed: s.cfg.Seed, End: end}
	if s.cfg.Load == "" {
		o.Messages, o.Gallery = s.cfg.Messages, gallery
	}
	s.company = company{corpus.New(o)}
	switch s.cfg.Load {
	case "":
		return corpusSource{s.company.corpus, corpusIdentity(o, end)}, nil
	case "-":
		return emptySource{}, nil
	default:
		return openFile(s.cfg.Load, s.cfg.StartSeq, s.cfg.Log)
	}
}

func (s *Sim) openDirectory() (*directory, error) {
	if s.cfg.Directory != "" {
		return readDirectory(s.cfg.Directory)
	}
	return directoryOf(s.company.corpus)
}

// replay takes over one entry of the journal.
func (s *Sim) replay(e entry) error {
	switch {
	case e.Message != nil:
		s.stream.replay(*e.Message)
	case e.Key != nil:
		return s.keys.add(*e.Key)
	case e.Relation != nil:
		s.directory.change(*e.Relation)
	case e.AppMessage != nil:
		s.phones.replay(*e.AppMessage)
	}
	return nil
}

// checkMeta refuses to put appended messages behind another stream than the one
// they were appended to: their seqs would mean something else.
func (s *Sim) checkMeta(was, is meta) error {
	_, added, _ := s.stream.counts()
	if added > 0 && (was.Identity != is.Identity || was.StartSeq != is.StartSeq) {
		return fmt.Errorf("wecomsim: %s holds %d messages appended to another stream (%s from seq %d, now %s from seq %d): "+
			"start with the same settings or on another data directory",
			s.dir, added, was.Identity, was.StartSeq, is.Identity, is.StartSeq)
	}
	if was == is {
		return nil
	}
	return is.write(s.dir)
}
