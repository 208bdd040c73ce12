// Package h5 carries the built front end inside the Go binary.
//
// The files come from h5/dist, which `npm run build` fills. Only dist/.keep is
// tracked, so that Go builds before the front end has been built; FS then holds
// no index.html, and the server says so instead of serving an empty page.
package h5

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// FS returns the built front end: index.html and assets/, whose names carry
// their hash. It is without index.html when the front end has not been built.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil { // only when the embedded folder's name is no valid path
		panic(err)
	}
	return sub
}
