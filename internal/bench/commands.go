package bench

import (
	"context"
	"flag"
)

// Benchmark is one subcommand of huicun bench.
type Benchmark interface {
	// Flags declares the settings of its own.
	Flags(fs *flag.FlagSet)
	// Run measures and prints the results.
	Run(ctx context.Context, o Options) error
}

// Command says how a benchmark is called.
type Command struct {
	Name, Help string
	New        func() Benchmark
}

// Commands are all benchmarks.
func Commands() []Command {
	return []Command{
		{"ingest", "messages pulled, decrypted and stored a second, against the RSA bound", func() Benchmark { return &Ingest{} }},
		{"read", "pages of a conversation at one or ten million messages", func() Benchmark { return &Read{} }},
		{"alert", "from a word said to the app message about it, while messages flow", func() Benchmark { return &Alert{} }},
		{"live", "from a message said to its showing in open chats; memory of each", func() Benchmark { return &Live{} }},
		{"media", "files fetched, encrypted and stored a second, against a plain copy; memory of a large one", func() Benchmark { return &Media{} }},
		{"search", "messages found at one or ten million, every answer held against brute force", func() Benchmark { return &Search{} }},
		{"soak", "half an hour of messages while everything around breaks", func() Benchmark { return &Soak{} }},
	}
}
