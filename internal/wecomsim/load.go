package wecomsim

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
)

// fileSource serves the lines of a file. Only the places of the lines are held
// in memory.
type fileSource struct {
	file     *os.File
	spans    []span
	startSeq uint64
	identity string
}

type span struct {
	start int64
	size  int
}

// openFile indexes path. A line ends with "\n", which is not part of the
// message; empty lines are no messages. A line that is no JSON is a message all
// the same, but is named in log.
func openFile(path string, startSeq uint64, log *slog.Logger) (*fileSource, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: load messages: %w", err)
	}
	s := &fileSource{file: f, startSeq: startSeq}
	if err := s.index(log); err != nil {
		_ = f.Close() // only read
		return nil, fmt.Errorf("wecomsim: load messages from %s: %w", path, err)
	}
	return s, nil
}

func (s *fileSource) index(log *slog.Logger) error {
	sum := sha256.New()
	var at int64
	number := 0
	err := eachLine(io.TeeReader(s.file, sum), func(line []byte, size int) error {
		number++
		warnOfLine(log, number, line)
		if len(line) > 0 {
			s.spans = append(s.spans, span{start: at, size: len(line)})
		}
		at += int64(size)
		return nil
	})
	s.identity = "file:" + hex.EncodeToString(sum.Sum(nil))
	return err
}

// Len implements source.
func (s *fileSource) Len() int { return len(s.spans) }

// Record implements source.
func (s *fileSource) Record(i int) (record, error) {
	sp := s.spans[i]
	b := make([]byte, sp.size)
	if _, err := s.file.ReadAt(b, sp.start); err != nil {
		return record{}, fmt.Errorf("wecomsim: read loaded message %d: %w", i, err)
	}
	return record{MsgID: msgIDOf(b, s.startSeq+uint64(i)), Body: b}, nil
}

// Identity implements source.
func (s *fileSource) Identity() string { return s.identity }

// Close implements source.
func (s *fileSource) Close() error { return s.file.Close() }

// warnOfLine says that a line is no JSON, without showing it. Raw control
// characters in strings pass: WeCom sends them too (finance-sdk.md 4.2).
func warnOfLine(log *slog.Logger, number int, line []byte) {
	if len(line) == 0 || json.Valid(line) || json.Valid(bytes.Map(blankControl, line)) {
		return
	}
	log.Warn("loaded line is no JSON and is served as it is", "line", number, "size_bytes", len(line))
}

// eachLine calls do with each line, without its "\n", and its size with it. line
// is valid until do returns.
func eachLine(r io.Reader, do func(line []byte, size int) error) error {
	br := bufio.NewReaderSize(r, 1<<16)
	for {
		line, err := br.ReadBytes('\n')
		if len(line) > 0 {
			if e := do(bytes.TrimSuffix(line, []byte("\n")), len(line)); e != nil {
				return e
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readInput appends each line of r to the stream as it arrives, until r or ctx
// ends. It returns early on ctx although a read may still hang: standard input
// cannot be interrupted.
func (s *Sim) readInput(ctx context.Context, r io.Reader) error {
	lines := make(chan []byte)
	done := make(chan error, 1)
	go func() { // ends with r, or at its next line once ctx is done
		done <- eachLine(r, func(line []byte, _ int) error {
			select {
			case lines <- bytes.Clone(line):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	for number := 1; ; {
		select {
		case line := <-lines:
			warnOfLine(s.cfg.Log, number, line)
			number++
			if len(line) == 0 {
				continue
			}
			if _, err := s.append(newMessage{Body: line}); err != nil {
				return err
			}
		case err := <-done:
			if ctx.Err() != nil {
				return nil
			}
			return err
		case <-ctx.Done():
			return nil
		}
	}
}
