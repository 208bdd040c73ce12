package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Search is section [search].
type Search struct {
	Engine       string        `toml:"engine" env:"ENGINE" doc:"postgres: the database searches itself. elastic: Elasticsearch 8 does, and the database while that cannot. Either may be chosen at any time: what was said meanwhile is found."`
	URLs         []string      `toml:"urls" env:"URLS" doc:"https://host[:port] of nodes of Elasticsearch, or of what stands in front of them. http:// only without a key and password, in a network where nobody listens: texts are sent."`
	APIKey       string        `toml:"api_key" env:"API_KEY" secret:"true" doc:"API key, encoded (base64 of id:key). It may do everything with the indices prefix* and with index templates, nothing else."`
	APIKeyFile   string        `toml:"api_key_file" env:"API_KEY_FILE" doc:"File that holds api_key."`
	Username     string        `toml:"username" env:"USERNAME" doc:"User, when there is no API key."`
	Password     string        `toml:"password" env:"PASSWORD" secret:"true" doc:"Their password."`
	PasswordFile string        `toml:"password_file" env:"PASSWORD_FILE" doc:"File that holds password."`
	CAFile       string        `toml:"ca_file" env:"CA_FILE" doc:"Authorities to trust instead of the system's (PEM file)."`
	Prefix       string        `toml:"prefix" env:"PREFIX" doc:"What names of indices, of their alias and template begin with. Two archives in one cluster need two."`
	Shards       int           `toml:"shards" env:"SHARDS" doc:"Shards of a month's index; one does for 10 million messages a month. Holds for indices built from then on (huicun search reindex)."`
	Replicas     int           `toml:"replicas" env:"REPLICAS" doc:"Copies of each shard on other nodes; with 0 the loss of a node means that the index is built again."`
	BulkDocs     int           `toml:"bulk_docs" env:"BULK_DOCS" doc:"Messages sent at once, 1 to 10000; fewer while Elasticsearch is busy."`
	BulkMB       int           `toml:"bulk_mb" env:"BULK_MB" doc:"MiB sent at once, 1 to 64; a longer message goes alone."`
	Timeout      time.Duration `toml:"timeout" env:"TIMEOUT" doc:"Of a search; then the database searches."`
	BulkTimeout  time.Duration `toml:"bulk_timeout" env:"BULK_TIMEOUT" doc:"Of a write."`
	KeepDays     int           `toml:"keep_days" env:"KEEP_DAYS" doc:"How long it is kept what viewers searched for (table searches), with either engine; at least 184 days, 0: for ever. That they searched stays in the operation log."`
}

// Engines of search.
const (
	SearchPostgres = "postgres"
	SearchElastic  = "elastic"
)

func defaultSearch() Search {
	return Search{
		Engine: SearchPostgres, Prefix: "huicun", Shards: 1, Replicas: 1, BulkDocs: 4000, BulkMB: 8,
		Timeout: 3 * time.Second, BulkTimeout: time.Minute, KeepDays: 730,
	}
}

// prefixForm is what Elasticsearch takes as a name, without what means several.
var prefixForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,59}$`)

const (
	mostShards   = 64
	mostReplicas = 8
	mostBulkDocs = 10_000
	mostBulkMB   = 64
	leastKept    = 184 // days; the database refuses less
)

// check refuses settings that cannot work.
func (s Search) check() error {
	for _, n := range []struct {
		key             string
		value, min, max int
	}{{"shards", s.Shards, 1, mostShards}, {"replicas", s.Replicas, 0, mostReplicas}, {"bulk_docs", s.BulkDocs, 1, mostBulkDocs}, {"bulk_mb", s.BulkMB, 1, mostBulkMB}} {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("search.%s: must be %d to %d", n.key, n.min, n.max)
		}
	}
	switch {
	case s.Engine != SearchPostgres && s.Engine != SearchElastic:
		return fmt.Errorf("search.engine: must be postgres or elastic")
	case !prefixForm.MatchString(s.Prefix):
		return fmt.Errorf("search.prefix: must be up to 60 lower case letters, digits, - and _")
	case s.Timeout < 100*time.Millisecond:
		return fmt.Errorf("search.timeout: must be at least 100ms")
	case s.KeepDays != 0 && s.KeepDays < leastKept:
		return fmt.Errorf("search.keep_days: must be at least %d, or 0 for ever", leastKept)
	case s.BulkTimeout < time.Second:
		return fmt.Errorf("search.bulk_timeout: must be at least 1s")
	case (s.Username == "") != (s.Password == ""):
		return fmt.Errorf("search.username and search.password belong together")
	case s.Engine == SearchElastic && len(s.URLs) == 0:
		return fmt.Errorf("search.urls is not set, and search.engine is elastic")
	}
	for _, address := range s.URLs {
		if err := s.checkURL(address); err != nil {
			return err
		}
	}
	return nil
}

func (s Search) checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.HasSuffix(u.Path, "/") && u.Path != "/" {
		return fmt.Errorf("search.urls: each must be http(s)://host[:port], without a key or password in it")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) && s.APIKey+s.Password != "" {
		return fmt.Errorf("search.urls: a key or password is not sent over plain http; use https")
	}
	return nil
}
