package wecomsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// journal is a file that remembers what happened since the start of the data
// directory, one JSON object a line, so that a restart goes on with the same
// seq, keys and phones.
type journal struct {
	mu   sync.Mutex
	file *os.File
}

// entry is one line; exactly one of its parts is set.
type entry struct {
	Message    *messageEntry    `json:"message,omitempty"`
	Key        *keyEntry        `json:"key,omitempty"`
	Relation   *relationEntry   `json:"relation,omitempty"`
	AppMessage *appMessageEntry `json:"app_message,omitempty"`
}

// openJournal reads what the file holds and opens it for more. A last line that
// a crash cut short is dropped.
func openJournal(path string, apply func(entry) error) (*journal, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("wecomsim: read state: %w", err)
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	for i, line := range bytes.Split(bytes.TrimSuffix(whole, []byte("\n")), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("wecomsim: %s line %d: %w", path, i+1, err)
		}
		if err := apply(e); err != nil {
			return nil, fmt.Errorf("wecomsim: %s line %d: %w", path, i+1, err)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("wecomsim: open state: %w", err)
	}
	if err := f.Truncate(int64(len(whole))); err != nil {
		_ = f.Close() // the truncation failed already
		return nil, fmt.Errorf("wecomsim: open state: %w", err)
	}
	return &journal{file: f}, nil
}

// write adds one line. It has reached the operating system when write returns.
func (j *journal) write(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("wecomsim: write state: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("wecomsim: write state: %w", err)
	}
	return nil
}

func (j *journal) close() error { return j.file.Close() }
