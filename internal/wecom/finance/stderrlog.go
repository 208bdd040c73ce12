package finance

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"sync"
)

const (
	maxStderrLine  = 4 << 10 // a longer line is judged by its beginning
	maxStderrLines = 20      // logged of one process
)

// stderrLog logs what a helper writes to standard error, at debug. The library
// prints there too, and what a library prints may hold anything; so only lines of
// a known harmless form are logged and the others are counted.
type stderrLog struct {
	log    *slog.Logger
	worker string

	mu     sync.Mutex
	line   []byte
	logged int
	hidden int
}

// Write takes the next piece of output.
func (s *stderrLog) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for rest := b; len(rest) > 0; {
		part, after, whole := bytes.Cut(rest, []byte("\n"))
		s.line = append(s.line, part[:min(len(part), maxStderrLine-min(len(s.line), maxStderrLine))]...)
		if whole {
			s.endLine()
		}
		rest = after
	}
	return len(b), nil
}

// flush logs what is left when the process has ended.
func (s *stderrLog) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLine()
	if s.hidden > 0 {
		s.log.Debug("sdk helper wrote more lines", "worker", s.worker, "hidden", s.hidden)
	}
	s.logged, s.hidden = 0, 0
}

func (s *stderrLog) endLine() {
	text := harmless(string(s.line))
	empty := len(s.line) == 0
	s.line = s.line[:0]
	switch {
	case empty:
	case text == "" || s.logged >= maxStderrLines:
		s.hidden++
	default:
		s.logged++
		s.log.Debug("sdk helper stderr", "worker", s.worker, "line", text)
	}
}

// harmlessLine are the forms of lines that end a process of Go or C++: what went
// wrong without the data it went wrong on.
var harmlessLine = regexp.MustCompile(`^(terminate called .*'[\w:]+'|  what\(\):  \[json\.exception\.\w+\.\d+\]|SIG[A-Z]+: [a-z ]+|fatal error: [\w ]+)`)

// harmless returns the part of a line that may be logged.
func harmless(line string) string {
	if text, ok := strings.CutPrefix(line, helperPrefix); ok {
		return cleanLine(text)
	}
	return harmlessLine.FindString(line)
}
