package server

import "huicun/internal/fault"

// recheck reads session and viewer again: a session that was ended, or an
// account that was disabled, sees nothing more.
func (l *liveStream) recheck() error {
	sess, v, err := l.s.Access.Peek(l.ctx, l.r.token)
	if fault.Is(err, fault.CodeUnauthenticated) {
		return errLiveOver
	}
	if err != nil {
		return err
	}
	if string(sess.ID) != string(l.r.session.ID) {
		return errLiveOver
	}
	l.viewer = v
	return nil
}

// readWhole reads as the viewer is now, and where something may be missed reads
// again when the account changed meanwhile: an admin has no employees of their
// own, so that who becomes one between look and read would find nothing, and the
// stream go on behind it.
func (l *liveStream) readWhole(read func() (missed bool, err error)) error {
	if err := l.recheck(); err != nil {
		return err
	}
	for {
		before := l.viewer
		if missed, err := read(); err != nil || !missed {
			return err
		}
		if err := l.recheck(); err != nil {
			return err
		}
		if l.viewer.Role == before.Role && l.viewer.UpdatedAt.Equal(before.UpdatedAt) {
			return nil
		}
	}
}
