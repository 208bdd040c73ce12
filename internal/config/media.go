package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// Media is section [media].
type Media struct {
	Store      string `toml:"store" env:"STORE" doc:"file: a folder. s3: a bucket of an S3 server; see [media.s3]. What is stored in the one is not looked for in the other."`
	Dir        string `toml:"dir" env:"DIR" doc:"Folder of the store file, and of parts of files that are being fetched; empty: media in data_dir."`
	KeyFile    string `toml:"key_file" env:"KEY_FILE" doc:"File of the keys that files are encrypted with, made at the first start; empty: media.keys in data_dir. Without it no file can be read: keep a copy apart from the files."`
	Workers    int    `toml:"workers" env:"WORKERS" doc:"Files that are fetched at once, each by an SDK helper process, at most 15; 0: none, they stay where they are."`
	Lookers    int    `toml:"lookers" env:"LOOKERS" doc:"Files that are looked into at once, for small pictures, sound and QR codes, at most 15; 0: none."`
	MaxImageMB int64  `toml:"max_image_mb" env:"MAX_IMAGE_MB" doc:"Largest picture or sticker that is fetched, in MiB; 0: no limit. Of larger ones the message says so, and an admin may have them fetched later."`
	MaxVoiceMB int64  `toml:"max_voice_mb" env:"MAX_VOICE_MB" doc:"Largest voice message; 0: no limit."`
	MaxVideoMB int64  `toml:"max_video_mb" env:"MAX_VIDEO_MB" doc:"Largest video; 0: no limit."`
	MaxFileMB  int64  `toml:"max_file_mb" env:"MAX_FILE_MB" doc:"Largest file or shared document; 0: no limit."`
	MaxCallMB  int64  `toml:"max_call_mb" env:"MAX_CALL_MB" doc:"Largest recording of a call; 0: no limit."`
	ReadMBHour int64  `toml:"read_mb_per_hour" env:"READ_MB_PER_HOUR" doc:"MiB of files that one person may open or save in an hour, all at once if need be, small pictures not counted; beyond that they come at this pace, and some are refused for a while. Videos watched all day stay far below. 0: no limit."`
	S3         S3     `toml:"s3" envPrefix:"S3_" doc:"For the store s3."`
}

// S3 is section [media.s3].
type S3 struct {
	Endpoint      string `toml:"endpoint" env:"ENDPOINT" doc:"https://host[:port] of the server. http:// only on the loopback."`
	Region        string `toml:"region" env:"REGION" doc:"Region of the bucket; empty: the server's own."`
	Bucket        string `toml:"bucket" env:"BUCKET" doc:"Name of the bucket, which must exist."`
	Prefix        string `toml:"prefix" env:"PREFIX" doc:"Folder in the bucket; empty: none."`
	AccessKey     string `toml:"access_key" env:"ACCESS_KEY" doc:"Access key id."`
	SecretKey     string `toml:"secret_key" env:"SECRET_KEY" secret:"true" doc:"Secret access key."`
	SecretKeyFile string `toml:"secret_key_file" env:"SECRET_KEY_FILE" doc:"File that holds secret_key."`
	PathStyle     bool   `toml:"path_style" env:"PATH_STYLE" doc:"The bucket stands in the path, not in the host name: MinIO and the like."`
	CAFile        string `toml:"ca_file" env:"CA_FILE" doc:"Authorities to trust instead of the system's (PEM file)."`
}

// MediaDir gives the folder of files and parts of files.
func (c *Config) MediaDir() string { return c.inDataDir(c.Media.Dir, "media") }

// MediaKeyFile gives the file of the keys that files are encrypted with.
func (c *Config) MediaKeyFile() string { return c.inDataDir(c.Media.KeyFile, "media.keys") }

func (c *Config) inDataDir(path, name string) string {
	if path != "" {
		return path
	}
	return filepath.Join(c.DataDir, name)
}

// mostMediaWorkers is what one machine can use; package finance starts 16
// processes at most, one of which is not for files.
const mostMediaWorkers = 15

// leastReadMBHour is below what one video may have.
const leastReadMBHour = 1024

// check refuses settings that cannot work.
func (m Media) check() error {
	for _, n := range []struct {
		key   string
		value int
	}{{"workers", m.Workers}, {"lookers", m.Lookers}} {
		if n.value < 0 || n.value > mostMediaWorkers {
			return fmt.Errorf("media.%s: must be 0 to %d", n.key, mostMediaWorkers)
		}
	}
	for _, n := range []struct {
		key   string
		value int64
	}{{"image", m.MaxImageMB}, {"voice", m.MaxVoiceMB}, {"video", m.MaxVideoMB}, {"file", m.MaxFileMB}, {"call", m.MaxCallMB}} {
		if n.value < 0 || n.value > 1<<20 {
			return fmt.Errorf("media.max_%s_mb: must be 0 (no limit) to %d", n.key, 1<<20)
		}
	}
	if m.ReadMBHour != 0 && (m.ReadMBHour < leastReadMBHour || m.ReadMBHour > 1<<20) {
		return fmt.Errorf("media.read_mb_per_hour: must be 0 (no limit) or %d to %d", leastReadMBHour, 1<<20)
	}
	switch m.Store {
	case "file":
		return nil
	case "s3":
		return m.S3.check()
	}
	return fmt.Errorf("media.store: must be file or s3")
}

func (s S3) check() error {
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("media.s3.endpoint: must be http(s)://host[:port], nothing more")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return fmt.Errorf("media.s3.endpoint: plain http is for the loopback only; use https")
	}
	for _, v := range []struct{ key, value string }{{"bucket", s.Bucket}, {"access_key", s.AccessKey}, {"secret_key", s.SecretKey}} {
		if v.value == "" {
			return fmt.Errorf("media.s3.%s is not set, and media.store is s3", v.key)
		}
	}
	return nil
}
