package store

import "testing"

func TestWithDefaults(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://u:p%40w@db/huicun?sslmode=disable":                      "postgres://u:p%40w@db/huicun?application_name=huicun&connect_timeout=10&sslmode=disable",
		"postgresql://db/huicun?application_name=archive&connect_timeout=3": "postgresql://db/huicun?application_name=archive&connect_timeout=3",
		"host=db dbname=huicun":                                             "host=db dbname=huicun",
	} {
		if got := withDefaults(address); got != want {
			t.Errorf("withDefaults(%q) = %q, want %q", address, got, want)
		}
	}
}
