// Package migrations embeds the database schema: numbered SQL files that
// goose applies in order. Expand, backfill, contract: a release must run on
// the schema of the next one.
package migrations

import "embed"

// FS holds the migration files.
//
//go:embed *.sql
var FS embed.FS
