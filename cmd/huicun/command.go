package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// command carries out what stands behind huicun. args[0] is its name, for
// messages.
type command = func(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error

// commandOf carries out huicun GROUP NAME, or tells how the group is used.
func commandOf(ctx context.Context, group string, commands map[string]command, usage string, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	if len(args) < 2 || strings.HasPrefix(args[1], "-") && args[1] != "-h" && args[1] != "--help" {
		fmt.Fprint(stderr, usage)
		return errUsage
	}
	do, ok := commands[args[1]]
	switch {
	case ok:
		return do(ctx, append([]string{group + " " + args[1]}, args[2:]...), environ, stdout, stderr)
	case args[1] == "-h" || args[1] == "--help" || args[1] == "help":
		fmt.Fprint(stdout, usage)
		return nil
	}
	fmt.Fprintf(stderr, "huicun %s: unknown command %q\n\n%s", group, args[1], usage)
	return errUsage
}
