package store

import "testing"

func TestWithConnectTimeout(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://u:p%40w@db/huicun?sslmode=disable": "postgres://u:p%40w@db/huicun?connect_timeout=10&sslmode=disable",
		"postgresql://db/huicun?connect_timeout=3":     "postgresql://db/huicun?connect_timeout=3",
		"host=db dbname=huicun":                        "host=db dbname=huicun",
	} {
		if got := withConnectTimeout(address); got != want {
			t.Errorf("withConnectTimeout(%q) = %q, want %q", address, got, want)
		}
	}
}
