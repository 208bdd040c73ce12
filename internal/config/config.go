// Package config is the one place of huicun's settings. A value comes from, in
// growing precedence: the default, the TOML file, the environment
// (HUICUN_SECTION_KEY), the command line.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/caarlos0/env/v11"
)

// Config holds every setting. The doc tags are what huicun.example.toml says.
type Config struct {
	DataDir  string   `toml:"data_dir" env:"DATA_DIR" doc:"Folder for the private Postgres and other local state."`
	Server   Server   `toml:"server" envPrefix:"SERVER_" doc:"What browsers and WeCom reach."`
	Database Database `toml:"database" envPrefix:"DATABASE_" doc:"Postgres. Without url huicun starts a private one from the installed binaries."`
	Redis    Redis    `toml:"redis" envPrefix:"REDIS_" doc:"Optional; without it rate limits live in the process."`
	WeCom    WeCom    `toml:"wecom" envPrefix:"WECOM_" doc:"The corp and its self-built app."`
	Finance  Finance  `toml:"finance" envPrefix:"FINANCE_" doc:"Pulling of the archive (会话内容存档)."`
	Media    Media    `toml:"media" envPrefix:"MEDIA_" doc:"Files of messages: pictures, voice, videos, files, recorded calls. WeCom keeps them for 5 days; here they are kept encrypted."`
	Search   Search   `toml:"search" envPrefix:"SEARCH_" doc:"What finds messages. huicun search tells how an index stands."`
	Callback Callback `toml:"callback" envPrefix:"CALLBACK_" doc:"Event servers (接收事件服务器). URLs: <public_url>/wecom/callback/app, …/archive, …/contact."`
	Access   Access   `toml:"access" envPrefix:"ACCESS_" doc:"Who may sign in at first."`
	Sync     Sync     `toml:"sync" envPrefix:"SYNC_" doc:"Names, departments, customers, groups."`
	Alarm    Alarm    `toml:"alarm" envPrefix:"ALARM_" doc:"When admins are told that the archive stands still, and from which lag of the puller on an alarm is shown. WeCom keeps messages for 5 days."`
	Log      Log      `toml:"log" envPrefix:"LOG_" doc:"Log lines on standard error."`
}

// Server is section [server].
type Server struct {
	Listen         string   `toml:"listen" env:"LISTEN" doc:"Address to listen on. Put a TLS proxy in front, or set tls_cert and tls_key."`
	PublicURL      string   `toml:"public_url" env:"PUBLIC_URL" doc:"Address that browsers use, scheme and host only. http:// only on the loopback."`
	TLSCert        string   `toml:"tls_cert" env:"TLS_CERT" doc:"Certificate chain (PEM file)."`
	TLSKey         string   `toml:"tls_key" env:"TLS_KEY" doc:"Its private key (PEM file)."`
	TrustedProxies []string `toml:"trusted_proxies" env:"TRUSTED_PROXIES" doc:"Addresses or networks whose X-Forwarded-For counts."`
}

// Database is section [database].
type Database struct {
	URL      string        `toml:"url" env:"URL" secret:"true" doc:"postgres://user:password@host/name?sslmode=…; empty: private Postgres."`
	URLFile  string        `toml:"url_file" env:"URL_FILE" doc:"File that holds url."`
	MaxConns int           `toml:"max_conns" env:"MAX_CONNS" doc:"Connections of the pool, at least 4; one more listens."`
	Timeout  time.Duration `toml:"timeout" env:"TIMEOUT" doc:"A statement that the server does not answer for so long has failed, and is tried again over another connection. At the start a database that is not up is waited for so long."`
	BinDir   string        `toml:"bin_dir" env:"BIN_DIR" doc:"Folder of initdb and postgres for the private one; empty: newest installed."`
}

// Redis is section [redis].
type Redis struct {
	URL string `toml:"url" env:"URL" secret:"true" doc:"redis://:password@host:6379/0"`
}

// WeCom is section [wecom].
type WeCom struct {
	CorpID            string `toml:"corp_id" env:"CORP_ID" doc:"我的企业 > 企业ID; begins with ww."`
	AgentID           int    `toml:"agent_id" env:"AGENT_ID" doc:"AgentId of the self-built app (自建应用)."`
	AppSecret         string `toml:"app_secret" env:"APP_SECRET" secret:"true" doc:"Secret of the self-built app."`
	AppSecretFile     string `toml:"app_secret_file" env:"APP_SECRET_FILE" doc:"File that holds app_secret."`
	ArchiveSecret     string `toml:"archive_secret" env:"ARCHIVE_SECRET" secret:"true" doc:"Secret of 管理工具 > 会话内容存档."`
	ArchiveSecretFile string `toml:"archive_secret_file" env:"ARCHIVE_SECRET_FILE" doc:"File that holds archive_secret."`
	ContactSecret     string `toml:"contact_secret" env:"CONTACT_SECRET" secret:"true" doc:"Secret of 管理工具 > 通讯录同步; optional."`
	ContactSecretFile string `toml:"contact_secret_file" env:"CONTACT_SECRET_FILE" doc:"File that holds contact_secret."`
	APIBase           string `toml:"api_base" env:"API_BASE" doc:"Server API; change it for wecomsim or a reverse proxy."`
	OAuthBase         string `toml:"oauth_base" env:"OAUTH_BASE" doc:"Sign-in page inside WeCom."`
	WebLoginBase      string `toml:"web_login_base" env:"WEB_LOGIN_BASE" doc:"Sign-in page (QR code) for other browsers."`
}

// Finance is section [finance].
type Finance struct {
	Client        string        `toml:"client" env:"CLIENT" doc:"sdk: WeCom's Finance SDK. pure: our own client, for wecomsim only. off: do not pull."`
	Library       string        `toml:"library" env:"LIBRARY" doc:"Path of libWeWorkFinanceSdk_C.so as downloaded from WeCom (sdk)."`
	KeysDir       string        `toml:"keys_dir" env:"KEYS_DIR" doc:"Folder of private keys; the number in the name is the version in the console: private_key_v1.pem. New files are picked up."`
	Proxy         string        `toml:"proxy" env:"PROXY" doc:"http://host:port or socks5://host:port for the way out."`
	ProxyPassword string        `toml:"proxy_password" env:"PROXY_PASSWORD" secret:"true" doc:"user:password of the proxy."`
	CAFile        string        `toml:"ca_file" env:"CA_FILE" doc:"Authorities to trust instead of the system's (PEM file), for wecomsim."`
	Relay         bool          `toml:"relay" env:"RELAY" doc:"Verify WeCom's certificate in a relay of our own; the SDK itself does not verify its issuer."`
	Workers       int           `toml:"workers" env:"WORKERS" doc:"SDK helper processes; 0: a sensible number."`
	Timeout       time.Duration `toml:"timeout" env:"TIMEOUT" doc:"Of one request; whole seconds."`
	PageSize      int           `toml:"page_size" env:"PAGE_SIZE" doc:"Messages asked for at a time, 1 to 1000."`
	Interval      time.Duration `toml:"interval" env:"INTERVAL" doc:"Between polls while nothing is new. WeCom allows 4000 calls a minute and announces new messages every 15 s only, so that this decides how soon an alert leaves."`
}

// Callback is section [callback].
type Callback struct {
	App     CallbackKey `toml:"app" envPrefix:"APP_" doc:"接收消息 of the app, with 外部联系人变更回调."`
	Archive CallbackKey `toml:"archive" envPrefix:"ARCHIVE_" doc:"会话内容存档 > 接收事件服务器."`
	Contact CallbackKey `toml:"contact" envPrefix:"CONTACT_" doc:"通讯录同步 > 接收事件服务器."`
}

// CallbackKey is the Token and EncodingAESKey of one event server.
type CallbackKey struct {
	Token  string `toml:"token" env:"TOKEN" secret:"true" doc:"Token"`
	AESKey string `toml:"aes_key" env:"AES_KEY" secret:"true" doc:"EncodingAESKey, 43 characters"`
}

// Access is section [access].
type Access struct {
	Admins []string `toml:"admins" env:"ADMINS" doc:"userids of the first admins."`
}

// Sync is section [sync].
type Sync struct {
	Interval time.Duration `toml:"interval" env:"INTERVAL" doc:"Between full syncs; 0: none."`
}

// Alarm is section [alarm].
type Alarm struct {
	Stalled  time.Duration `toml:"stalled" env:"STALLED" doc:"Admins get an app message when for so long nothing was pulled (an answer without messages counts as pulled), rules or alerts waited, or messages lacked their private key; again at notice, warning, critical and before WeCom's 5 days end, and when it is over. 0: none."`
	Notice   time.Duration `toml:"notice" env:"NOTICE" doc:"First sign."`
	Warning  time.Duration `toml:"warning" env:"WARNING" doc:"Act today."`
	Critical time.Duration `toml:"critical" env:"CRITICAL" doc:"Act now."`
}

// Log is section [log].
type Log struct {
	Level  string `toml:"level" env:"LEVEL" doc:"debug, info, warn or error."`
	Format string `toml:"format" env:"FORMAT" doc:"json or text."`
}

// Default gives the settings that hold when nothing else is said.
func Default() Config {
	return Config{
		DataDir:  "data",
		Server:   Server{Listen: "127.0.0.1:9800", PublicURL: "http://127.0.0.1:9800"},
		Database: Database{MaxConns: 20, Timeout: time.Minute},
		WeCom: WeCom{
			APIBase: "https://qyapi.weixin.qq.com", OAuthBase: "https://open.weixin.qq.com",
			WebLoginBase: "https://login.work.weixin.qq.com",
		},
		Finance: Finance{Client: "sdk", KeysDir: "data/keys", Relay: true, Timeout: 30 * time.Second, PageSize: 1000, Interval: 500 * time.Millisecond},
		Media:   Media{Store: "file", Workers: 2, Lookers: 1, MaxImageMB: 100, MaxVoiceMB: 100, MaxVideoMB: 4096, MaxFileMB: 4096, MaxCallMB: 4096, ReadMBHour: 20480, S3: S3{PathStyle: true}},
		Search:  defaultSearch(),
		Sync:    Sync{Interval: 6 * time.Hour},
		Alarm:   Alarm{Stalled: 10 * time.Minute, Notice: time.Hour, Warning: 24 * time.Hour, Critical: 72 * time.Hour},
		Log:     Log{Level: "info", Format: "json"},
	}
}

// Load reads the file (when path is not empty) and the environment, and checks
// the result. Unknown keys are errors.
func Load(path string, environ map[string]string) (Config, error) {
	c := Default()
	if path != "" {
		md, err := toml.DecodeFile(path, &c)
		if err != nil {
			return c, fmt.Errorf("configuration file %s: %w", path, err)
		}
		if unknown := md.Undecoded(); len(unknown) > 0 {
			return c, fmt.Errorf("configuration file %s: unknown key %q", path, unknown[0].String())
		}
	}
	if err := unknownEnv(environ); err != nil {
		return c, err
	}
	if err := env.ParseWithOptions(&c, env.Options{Prefix: "HUICUN_", Environment: environ}); err != nil {
		return c, fmt.Errorf("environment: %w", scrub(err))
	}
	if err := c.readSecretFiles(); err != nil {
		return c, err
	}
	return c, c.check()
}

// Environ turns os.Environ into the map that Load takes.
func Environ(list []string) map[string]string {
	m := map[string]string{}
	for _, kv := range list {
		if k, v, ok := strings.Cut(kv, "="); ok {
			m[k] = v
		}
	}
	return m
}

// scrub keeps values, which may be secrets, out of env's errors.
func scrub(err error) error {
	var agg env.AggregateError
	if !errors.As(err, &agg) {
		return errors.New("a value has the wrong form")
	}
	for _, e := range agg.Errors {
		var pe env.ParseError
		if errors.As(e, &pe) {
			return fmt.Errorf("setting %s: a %s is expected", pe.Name, pe.Type)
		}
	}
	return errors.New("a value has the wrong form")
}

// testEnv are variables of the same prefix that are not settings.
var testEnv = map[string]bool{"HUICUN_CONFIG": true}

// unknownEnv refuses misspelt variables.
func unknownEnv(environ map[string]string) error {
	known := map[string]bool{}
	for _, f := range fields(Default()) {
		known[f.Env] = true
	}
	for k := range environ {
		if strings.HasPrefix(k, "HUICUN_") && !known[k] && !testEnv[k] && !strings.HasPrefix(k, "HUICUN_TEST_") {
			return fmt.Errorf("environment: unknown setting %s", k)
		}
	}
	return nil
}

// readSecretFiles fills secrets that are given as files.
func (c *Config) readSecretFiles() error {
	for _, s := range []struct {
		key, file string
		to        *string
	}{
		{"database.url_file", c.Database.URLFile, &c.Database.URL},
		{"wecom.app_secret_file", c.WeCom.AppSecretFile, &c.WeCom.AppSecret},
		{"wecom.archive_secret_file", c.WeCom.ArchiveSecretFile, &c.WeCom.ArchiveSecret},
		{"wecom.contact_secret_file", c.WeCom.ContactSecretFile, &c.WeCom.ContactSecret},
		{"media.s3.secret_key_file", c.Media.S3.SecretKeyFile, &c.Media.S3.SecretKey},
		{"search.api_key_file", c.Search.APIKeyFile, &c.Search.APIKey},
		{"search.password_file", c.Search.PasswordFile, &c.Search.Password},
	} {
		if s.file == "" {
			continue
		}
		b, err := os.ReadFile(s.file)
		if err != nil {
			return fmt.Errorf("%s: %w", s.key, err)
		}
		*s.to = strings.TrimSpace(string(b))
	}
	return nil
}

// minConns lets the lease be renewed, messages be stored, follow-up work go on
// and a page be read at the same time.
const minConns = 4

// check refuses settings that cannot work.
func (c *Config) check() error {
	u, err := url.Parse(c.Server.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("server.public_url: must be http(s)://host[:port], nothing more")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return fmt.Errorf("server.public_url: plain http is for the loopback only; use https")
	}
	if c.Database.MaxConns < minConns {
		return fmt.Errorf("database.max_conns: must be at least %d", minConns)
	}
	if c.Database.Timeout < time.Second {
		return fmt.Errorf("database.timeout: must be at least 1s")
	}
	if (c.Server.TLSCert == "") != (c.Server.TLSKey == "") {
		return fmt.Errorf("server.tls_cert and server.tls_key belong together")
	}
	switch c.Finance.Client {
	case "sdk", "pure", "off":
	default:
		return fmt.Errorf("finance.client: must be sdk, pure or off")
	}
	if c.Finance.PageSize < 1 || c.Finance.PageSize > 1000 {
		return fmt.Errorf("finance.page_size: must be 1 to 1000")
	}
	if err := c.Media.check(); err != nil {
		return err
	}
	if err := c.Search.check(); err != nil {
		return err
	}
	if a := c.Alarm; a.Stalled < 0 || a.Stalled > 0 && a.Stalled < time.Minute {
		return fmt.Errorf("alarm.stalled: must be 1m or longer, or 0 for no messages")
	}
	for name, k := range map[string]CallbackKey{"app": c.Callback.App, "archive": c.Callback.Archive, "contact": c.Callback.Contact} {
		if (k.Token == "") != (k.AESKey == "") {
			return fmt.Errorf("callback.%s: token and aes_key belong together", name)
		}
	}
	return nil
}

// CheckServe refuses settings without which serving makes no sense. Errors
// name the setting and its variable.
func (c *Config) CheckServe() error {
	for _, s := range []struct{ key, env, value, hint string }{
		{"wecom.corp_id", "HUICUN_WECOM_CORP_ID", c.WeCom.CorpID, "我的企业 > 企业ID"},
		{"wecom.app_secret", "HUICUN_WECOM_APP_SECRET", c.WeCom.AppSecret, "secret of the self-built app, for sign-in and alerts"},
	} {
		if s.value == "" {
			return fmt.Errorf("%s (%s) is not set: %s; give -config FILE or see huicun config", s.key, s.env, s.hint)
		}
	}
	if c.WeCom.AgentID <= 0 {
		return fmt.Errorf("wecom.agent_id (HUICUN_WECOM_AGENT_ID) is not set: AgentId of the self-built app")
	}
	if c.Finance.Client != "off" && c.WeCom.ArchiveSecret == "" {
		return fmt.Errorf("wecom.archive_secret (HUICUN_WECOM_ARCHIVE_SECRET) is not set: secret of 会话内容存档; or set finance.client = \"off\"")
	}
	if c.Finance.Client == "sdk" && c.Finance.Library == "" {
		return fmt.Errorf("finance.library (HUICUN_FINANCE_LIBRARY) is not set: path of libWeWorkFinanceSdk_C.so, downloaded from developer.work.weixin.qq.com/document/path/91774")
	}
	return nil
}

func loopback(host string) bool {
	return host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1"
}
