//go:build !unix

package wecomsim

// lockDir does nothing where there is no flock.
func lockDir(string) (release func() error, err error) {
	return func() error { return nil }, nil
}
