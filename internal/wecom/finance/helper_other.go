//go:build !linux

package finance

import (
	"errors"
	"io"
	"os"
)

// isolate fails where there is no SDK to isolate.
func isolate(*os.File) (io.Writer, error) { return nil, errors.New(sdkMissing) }
