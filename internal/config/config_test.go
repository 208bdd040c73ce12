package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "huicun.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadPrecedence(t *testing.T) {
	path := write(t, "data_dir = \"/srv\"\n[finance]\ninterval = \"30s\"\npage_size = 300\n[access]\nadmins = [\"a\"]\n")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path, map[string]string{
		"HUICUN_FINANCE_PAGE_SIZE": "500", "HUICUN_ACCESS_ADMINS": "b,c",
		"HUICUN_DATABASE_URL": "postgres://x", "HUICUN_CALLBACK_APP_TOKEN": "t", "HUICUN_CALLBACK_APP_AES_KEY": "k",
		"HUICUN_WECOM_APP_SECRET_FILE": secret, "PATH": "/bin",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.DataDir = "/srv"
	want.Finance.Interval, want.Finance.PageSize = 30*time.Second, 500
	want.Access.Admins = []string{"b", "c"}
	want.Database.URL = "postgres://x"
	want.Callback.App = CallbackKey{Token: "t", AESKey: "k"}
	want.WeCom.AppSecret, want.WeCom.AppSecretFile = "s3cret", secret
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		env        map[string]string
		want       string
	}{
		{"unknown key", "[server]\nlissten = \"x\"\n", nil, "server.lissten"},
		{"unknown variable", "", map[string]string{"HUICUN_SERVER_LISSTEN": "x"}, "HUICUN_SERVER_LISSTEN"},
		{"bad number", "", map[string]string{"HUICUN_FINANCE_PAGE_SIZE": "many"}, "PageSize"},
		{"plain http", "", map[string]string{"HUICUN_SERVER_PUBLIC_URL": "http://archive.example.com"}, "https"},
		{"path in URL", "", map[string]string{"HUICUN_SERVER_PUBLIC_URL": "https://a.example.com/x"}, "public_url"},
		{"half a callback", "[callback.app]\ntoken = \"x\"\n", nil, "callback.app"},
		{"client", "", map[string]string{"HUICUN_FINANCE_CLIENT": "magic"}, "finance.client"},
		{"missing secret file", "", map[string]string{"HUICUN_WECOM_APP_SECRET_FILE": "/nowhere"}, "wecom.app_secret_file"},
		{"media store", "[media]\nstore = \"tape\"\n", nil, "media.store"},
		{"media workers", "[media]\nworkers = 16\n", nil, "media.workers"},
		{"media limit", "[media]\nmax_video_mb = -1\n", nil, "media.max_video_mb"},
		{"S3 without endpoint", "", map[string]string{"HUICUN_MEDIA_STORE": "s3"}, "media.s3.endpoint"},
		{"S3 in plain http", "", map[string]string{"HUICUN_MEDIA_STORE": "s3", "HUICUN_MEDIA_S3_ENDPOINT": "http://s3.example.com"}, "https"},
		{"S3 with keys in the address", "", map[string]string{"HUICUN_MEDIA_STORE": "s3", "HUICUN_MEDIA_S3_ENDPOINT": "https://a:b@s3.example.com"}, "media.s3.endpoint"},
		{"S3 without bucket", "[media]\nstore = \"s3\"\n[media.s3]\nendpoint = \"https://s3.example.com\"\n", nil, "media.s3.bucket"},
		{
			"S3 without secret", "[media]\nstore = \"s3\"\n[media.s3]\nendpoint = \"https://s3.example.com\"\nbucket = \"b\"\naccess_key = \"k\"\n",
			nil, "media.s3.secret_key",
		},
		{"missing S3 secret file", "", map[string]string{"HUICUN_MEDIA_S3_SECRET_KEY_FILE": "/nowhere"}, "media.s3.secret_key_file"},
		{"search engine", "[search]\nengine = \"grep\"\n", nil, "search.engine"},
		{"Elasticsearch nowhere", "[search]\nengine = \"elastic\"\n", nil, "search.urls"},
		{"Elasticsearch with a password in the address", "", map[string]string{"HUICUN_SEARCH_URLS": "https://a:b@es.example.com"}, "search.urls"},
		{"Elasticsearch's key in plain http", "", map[string]string{"HUICUN_SEARCH_URLS": "http://es.example.com", "HUICUN_SEARCH_API_KEY": "k"}, "https"},
		{"half a sign-in", "", map[string]string{"HUICUN_SEARCH_USERNAME": "u"}, "search.password"},
		{"prefix of several indices", "[search]\nprefix = \"a*\"\n", nil, "search.prefix"},
		{"searches that are forgotten at once", "[search]\nkeep_days = 90\n", nil, "search.keep_days"},
		{"no shards", "[search]\nshards = 0\n", nil, "search.shards"},
		{"not TOML", "= nothing", nil, "configuration file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := ""
			if tt.file != "" {
				path = write(t, tt.file)
			}
			_, err := Load(path, tt.env)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, want an error that names %s", err, tt.want)
			}
		})
	}
}

func TestMediaIsKeptInTheDataFolder(t *testing.T) {
	c := Default()
	c.DataDir = "/srv/huicun"
	if got, want := []string{c.MediaDir(), c.MediaKeyFile()}, []string{"/srv/huicun/media", "/srv/huicun/media.keys"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	c.Media.Dir, c.Media.KeyFile = "/mnt/media", "/etc/huicun/keys"
	if got, want := []string{c.MediaDir(), c.MediaKeyFile()}, []string{"/mnt/media", "/etc/huicun/keys"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestS3SettingsLoad(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := write(t, "[media]\nstore = \"s3\"\n[media.s3]\nendpoint = \"https://s3.example.com\"\nbucket = \"b\"\naccess_key = \"k\"\n")
	c, err := Load(path, map[string]string{"HUICUN_MEDIA_S3_SECRET_KEY_FILE": secret})
	if err != nil || c.Media.S3.SecretKey != "s3cret" {
		t.Errorf("Load = %v", err)
	}
}

func TestSearchSettingsLoad(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load("", map[string]string{
		"HUICUN_SEARCH_ENGINE": "elastic", "HUICUN_SEARCH_URLS": "https://a.example.com:9200,https://b.example.com:9200", "HUICUN_SEARCH_API_KEY_FILE": secret,
	})
	if err != nil || c.Search.APIKey != "s3cret" || len(c.Search.URLs) != 2 {
		t.Errorf("Load = %v, %v", c.Search.URLs, err)
	}
	if _, err := Load("", map[string]string{"HUICUN_SEARCH_ENGINE": "elastic", "HUICUN_SEARCH_URLS": "http://elasticsearch:9200"}); err != nil {
		t.Errorf("without key, as inside of a compose network: %v", err)
	}
}

func TestCheckServeNamesTheSetting(t *testing.T) {
	c := Default()
	for _, step := range []struct {
		want string
		set  func()
	}{
		{"HUICUN_WECOM_CORP_ID", func() { c.WeCom.CorpID = "ww1" }},
		{"HUICUN_WECOM_APP_SECRET", func() { c.WeCom.AppSecret = "s" }},
		{"HUICUN_WECOM_AGENT_ID", func() { c.WeCom.AgentID = 1 }},
		{"HUICUN_WECOM_ARCHIVE_SECRET", func() { c.WeCom.ArchiveSecret = "s" }},
		{"HUICUN_FINANCE_LIBRARY", func() { c.Finance.Library = "/x" }},
	} {
		if err := c.CheckServe(); err == nil || !strings.Contains(err.Error(), step.want) {
			t.Errorf("CheckServe = %v, want an error that names %s", err, step.want)
		}
		step.set()
	}
	if err := c.CheckServe(); err != nil {
		t.Error(err)
	}
}

func TestExampleLoads(t *testing.T) {
	var plain strings.Builder
	for _, line := range strings.Split(Example(), "\n") {
		if rest, ok := strings.CutPrefix(line, "# "); ok && strings.Contains(rest, " = ") && !strings.HasPrefix(rest, "Each") {
			line = rest
		}
		plain.WriteString(line + "\n")
	}
	got, err := Load(write(t, plain.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Server.TrustedProxies, want.Access.Admins, want.Search.URLs = []string{}, []string{}, []string{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the example is not the defaults (-want +got):\n%s", diff)
	}
}

// The example file and the table of the README are made from the doc tags.
func TestExampleFileIsCurrent(t *testing.T) {
	got, err := os.ReadFile("../../deploy/huicun.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Example(), string(got)); diff != "" {
		t.Errorf("run make gen: deploy/huicun.example.toml (-want +got):\n%s", diff)
	}
}
