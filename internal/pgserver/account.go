package pgserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// serviceUsers are the system users that a server started by root runs as, the
// first that exists. PostgreSQL refuses to run as root.
var serviceUsers = []string{"postgres", "huicun", "nobody"}

// account is the user that the server runs as; nil means the current one.
type account struct {
	name     string
	uid, gid int
}

// serviceAccount gives nil unless the current user is root.
func serviceAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range serviceUsers {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		if uid != 0 {
			return &account{name: name, uid: uid, gid: gid}, nil
		}
	}
	return nil, fmt.Errorf("PostgreSQL cannot run as root and none of the users %v exists: "+
		"install the postgresql package, or run huicun as another user", serviceUsers)
}

// own hands a file or directory to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	if err := os.Lchown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("give it to user %s, which the server runs as: %w%s", a.name, err, a.hint(err))
	}
	return nil
}

// hint explains why a program could not be started as the account.
func (a *account) hint(err error) string {
	if a == nil || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EINVAL) {
		return ""
	}
	return fmt.Sprintf(" (root may not become user %s here: run huicun as an ordinary user)", a.name)
}

// sysProcAttr makes a process of the account in a session of its own, so that
// Ctrl-C in a terminal reaches huicun and not its database.
func (a *account) sysProcAttr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}
