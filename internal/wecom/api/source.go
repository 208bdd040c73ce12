package api

import "huicun/internal/directory"

// A Client is what the directory's sync reads from.
var _ directory.Source = (*Client)(nil)
