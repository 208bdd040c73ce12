// Package access decides who may see what: viewers, their roles and scopes,
// and the sessions by which a browser proves to be one.
package access

import (
	"time"

	"huicun/internal/fault"
)

// Role says what a viewer may do besides reading within the scope.
type Role string

// The roles.
const (
	RoleAdmin  Role = "admin"  // sees everybody; rules, accounts, status
	RoleViewer Role = "viewer" // reads the chats of the employees in scope
)

// Viewer is somebody who may sign in.
type Viewer struct {
	ID             int64     `db:"id"`
	Person         string    `db:"person"` // personid.Key of UserID
	UserID         string    `db:"userid"` // as WeCom spells it
	Role           Role      `db:"role"`
	Disabled       bool      `db:"disabled"`
	FromConfig     bool      `db:"from_config"` // named by the configuration
	DeletionAlerts bool      `db:"deletion_alerts"`
	UpdatedAt      time.Time `db:"updated_at"`
}

// IsAdmin reports whether the viewer has the admin role.
func (v Viewer) IsAdmin() bool { return v.Role == RoleAdmin }

// Scope gives what the viewer may read.
func (v Viewer) Scope() Scope {
	if v.Disabled || v.ID == 0 {
		return Scope{}
	}
	return Scope{viewerID: v.ID, all: v.Role == RoleAdmin}
}

// Scope limits a read to conversations with an employee that the viewer may
// see. Every store method that reads chats takes one. The zero Scope sees
// nothing.
type Scope struct {
	viewerID int64
	all      bool
}

// ViewerID is the id that viewer_employees joins on; 0 sees nothing.
func (s Scope) ViewerID() int64 { return s.viewerID }

// All reports whether everybody is in scope.
func (s Scope) All() bool { return s.all }

// adminOnly refuses whoever is no admin.
func (v Viewer) adminOnly() error {
	if v.IsAdmin() && !v.Disabled {
		return nil
	}
	return fault.Forbidden("archive admins only")
}

// System is the scope of huicun's own work (rules, live fan-out); never of a
// request.
func System() Scope { return Scope{viewerID: -1, all: true} }
