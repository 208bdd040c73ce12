package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huicun/internal/fault"
)

const indexFile = "index.html"

// static holds the built front end in memory, compressed once.
type static struct {
	files map[string]file // by path without leading slash
}

// file is one file of the front end.
type file struct {
	body, gzip  []byte // gzip is nil where it would save nothing
	contentType string
	etag        string // without quotes
}

// newStatic reads all files; fsys may be nil.
func newStatic(fsys fs.FS) (*static, error) {
	st := &static{files: map[string]file{}}
	if fsys == nil {
		return st, nil
	}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || hidden(name) || strings.HasSuffix(name, ".gz") {
			return err
		}
		f, err := readFile(fsys, name)
		st.files[name] = f
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the front end: %w", err)
	}
	return st, nil
}

// hidden files (.keep, .vite/manifest.json) are for the build.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

func readFile(fsys fs.FS, name string) (file, error) {
	body, err := fs.ReadFile(fsys, name)
	if err != nil {
		return file{}, err
	}
	sum := sha256.Sum256(body)
	f := file{body: body, contentType: contentType(name), etag: base64.RawURLEncoding.EncodeToString(sum[:12])}
	f.gzip, err = fs.ReadFile(fsys, name+".gz")
	if errors.Is(err, fs.ErrNotExist) {
		f.gzip, err = compress(name, body)
	}
	return f, err
}

// contentType is fixed here, since the tables of the mime package depend on
// the machine.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	case "": // LICENSE
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// compress gives nil for what is compressed already, or too small to gain.
func compress(name string, body []byte) ([]byte, error) {
	switch path.Ext(name) {
	case ".png", ".jpg", ".jpeg", ".gif", ".webp", ".woff", ".woff2", ".ico":
		return nil, nil
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if b.Len() >= len(body) {
		return nil, nil
	}
	return b.Bytes(), nil
}

// serveStatic answers whatever no other route does: files of the front end,
// and its index.html for every page.
func (s *Server) serveStatic(c *gin.Context) {
	name := strings.TrimPrefix(path.Clean(c.Request.URL.Path), "/")
	switch {
	case strings.HasPrefix(c.Request.URL.Path, apiBase+"/") || strings.HasPrefix(c.Request.URL.Path, "/api/"):
		noStore(c)
		fail(c, fault.NotFound("operation"))
	case c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead:
		c.AbortWithStatus(http.StatusMethodNotAllowed)
	case s.static.has(name):
		s.serveFile(c, name)
	case strings.HasPrefix(name, "assets/") || partOfPage(c.Request):
		c.Header("Cache-Control", "no-store")
		c.String(http.StatusNotFound, "no such file\n")
	default:
		s.servePage(c)
	}
}

// partOfPage tells whether a browser asks for what belongs to a page, such as
// its icon, and not for a page: nobody signs in to get that.
func partOfPage(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "", "document", "iframe", "empty":
		return r.URL.Path == "/favicon.ico"
	}
	return true
}

// servePage answers a page of the front end: to viewers, and to everybody the
// one that signs in.
func (s *Server) servePage(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	if !s.static.has(indexFile) {
		c.String(http.StatusServiceUnavailable, "The front end is not built into this program: run `make build`.\n")
		return
	}
	if c.Request.URL.Path == "/login" {
		s.serveFile(c, indexFile)
		return
	}
	err := s.signedIn(c)
	if fault.Is(err, fault.CodeUnauthenticated) {
		c.Redirect(http.StatusFound, loginPath+"?return_to="+url.QueryEscape(c.Request.URL.RequestURI()))
		return
	}
	if err != nil {
		s.failPage(c, err)
		return
	}
	s.serveFile(c, s.static.page(c.Request.URL.Path))
}

// page names the document of a path: the one that the front end has for the
// route, which also names the files of that route, or the general one. In the
// names of documents every part of a path but the first is an id, written "_".
func (st *static) page(urlPath string) string {
	parts := strings.Split(strings.TrimPrefix(path.Clean(urlPath), "/"), "/")
	for i := range parts[1:] {
		parts[i+1] = "_"
	}
	if name := "pages/" + strings.Join(parts, "/") + ".html"; st.has(name) {
		return name
	}
	return indexFile
}

func (st *static) has(name string) bool {
	_, ok := st.files[name]
	return ok
}

func (s *Server) serveFile(c *gin.Context, name string) {
	f := s.static.files[name]
	h := c.Writer.Header()
	h.Set("Content-Type", f.contentType)
	h.Add("Vary", "Accept-Encoding")
	h.Set("Cache-Control", cacheOf(name))
	body, etag := f.body, f.etag
	if f.gzip != nil && acceptsGzip(c.GetHeader("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body, etag = f.gzip, f.etag+"-gz"
	}
	h.Set("ETag", `"`+etag+`"`)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(body))
}

// cacheOf says how long browsers keep a file: those in assets carry a hash in
// their names, and the picture of an emoticon is hardly ever another one.
func cacheOf(name string) string {
	switch {
	case strings.HasPrefix(name, "assets/"):
		return "public, max-age=31536000, immutable"
	case strings.HasPrefix(name, "emoji/"):
		return "public, max-age=2592000"
	}
	return "no-cache"
}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3) as far as gzip goes.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q := strings.ReplaceAll(params, " ", "")
		return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
	}
	return false
}
