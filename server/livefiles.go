package server

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/server/api"
)

const (
	maxQueuedFiles    = 4096 // notices that wait; what comes on top is not told
	maxFileMessages   = 4096 // of one stream, likewise
	fileEventMessages = 200  // of one event
)

// fileTeller finds out which open chats the files concern that something became
// known of. It asks once for all streams of the process, and for many files in
// one go when they come fast: fetching a backlog must not cost a question for
// each file and each reader.
type fileTeller struct {
	find LiveFiles // nil: nobody is told
	hub  *hub

	mu     sync.Mutex
	queued map[string]struct{}
	wake   chan struct{}
}

func newFileTeller(find LiveFiles, h *hub) *fileTeller {
	return &fileTeller{find: find, hub: h, queued: map[string]struct{}{}, wake: make(chan struct{}, 1)}
}

// notice never waits.
func (f *fileTeller) notice(n archive.LiveNotice) {
	if n.FileID == "" || f.find == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queued) < maxQueuedFiles {
		f.queued[n.FileID] = struct{}{}
		signal(f.wake)
	}
}

func (f *fileTeller) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := slices.Sorted(maps.Keys(f.queued))
	clear(f.queued)
	return ids
}

// run tells streams of files until ctx ends. What comes during a pause is told
// together.
func (f *fileTeller) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		}
		f.tell(ctx, f.take())
		select {
		case <-ctx.Done():
			return
		case <-time.After(livePause):
		}
	}
}

// tell gives the streams the messages of their chats that name the files. It
// looks with the rights of huicun; each stream checks those of its viewer.
func (f *fileTeller) tell(ctx context.Context, ids []string) {
	convs := f.hub.conversations()
	if len(convs) == 0 {
		return
	}
	found := map[int64][]string{}
	for _, id := range ids {
		byConv, err := f.find.FindFileMessages(ctx, access.System(), id, convs)
		if err != nil {
			if ctx.Err() == nil {
				slog.WarnContext(ctx, "open chats not told of files; they show them when read again", "files", len(ids), "err", err)
			}
			break
		}
		for conv, messages := range byConv {
			found[conv] = append(found[conv], messages...)
		}
	}
	f.hub.queueFiles(found)
}

// conversations gives those that somebody has open.
func (h *hub) conversations() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	open := map[int64]struct{}{}
	for st := range h.streams {
		if st.conv != 0 {
			open[st.conv] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(open))
}

// queueFiles leaves with each stream the messages of its conversation whose
// files changed.
func (h *hub) queueFiles(byConv map[int64][]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for st := range h.streams {
		for _, id := range byConv[st.conv] {
			if len(st.fileMessages) < maxFileMessages {
				st.fileMessages[id] = struct{}{}
				signal(st.files)
			}
		}
	}
}

// takeFiles gives what queueFiles left.
func (h *hub) takeFiles(st *stream) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := slices.Sorted(maps.Keys(st.fileMessages))
	clear(st.fileMessages)
	return ids
}

// sendFiles tells which messages of the open chat to read again, if the viewer
// may read it now.
func (l *liveStream) sendFiles() error {
	messages := l.s.hub.takeFiles(l.stream)
	var ok bool
	err := l.readWhole(func() (missed bool, err error) {
		ok, err = l.s.Archive.CanRead(l.ctx, l.viewer, l.conv)
		return !ok, err
	})
	if err != nil || !ok {
		return err
	}
	for some := range slices.Chunk(messages, fileEventMessages) {
		if err := l.event("file", api.FileEvent{ConversationId: text(l.conv), MessageIds: some}); err != nil {
			return err
		}
	}
	return nil
}
