package wecomsim

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

// china is the zone in which the pages show times.
var china = time.FixedZone("CST", 8*60*60)

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"clock":   func(t time.Time) string { return t.In(china).Format("15:04") },
	"day":     func(t time.Time) string { return t.In(china).Format("1月2日 15:04") },
	"initial": initial,
	"hue":     hue,
}).ParseFS(pageFiles, "pages/*.html"))

// routes is everything on the one listener for API and pages.
func (s *Sim) routes(api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect/oauth2/authorize", s.handleLogin(false))
	mux.HandleFunc("GET /wwlogin/sso/login", s.handleLogin(true))
	mux.HandleFunc("POST /connect/chosen", s.handleChosen)
	mux.HandleFunc("GET /sim/{$}", s.controlPage)
	mux.HandleFunc("GET /sim/recent", s.recentMessages)
	mux.HandleFunc("GET /sim/faults.html", func(w http.ResponseWriter, _ *http.Request) { s.render(w, "faults", s.corpName()) })
	s.controlRoutes(mux)
	s.phoneRoutes(mux)
	mux.HandleFunc("GET /assets/{file}", serveAsset)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/sim/", http.StatusFound) })
	guarded := guard(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, apiRoot) {
			api.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// serveAsset gives a style sheet or script of the pages.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pageFiles, "pages/assets/"+r.PathValue("file"))
}

const apiRoot = "/cgi-bin/"

// guard sets what keeps foreign content out of the pages.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
			"connect-src 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// render writes one page.
func (s *Sim) render(w http.ResponseWriter, name string, data any) {
	s.renderStatus(w, http.StatusOK, name, data)
}

func (s *Sim) renderStatus(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		s.cfg.Log.Error("render page", "page", name, "err", err)
		http.Error(w, "wecomsim: cannot render the page", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a reader that left needs no page
}

// initial is what an avatar shows: the last character of a Chinese name, the
// first of any other.
func initial(name string) string {
	r := []rune(name)
	if len(r) == 0 {
		return "?"
	}
	if last := r[len(r)-1]; last >= 0x4e00 && last <= 0x9fff {
		return string(last)
	}
	return string(r[0])
}

// hue gives the number of one of eight avatar colours.
func hue(id string) int {
	const colours = 8
	n := 0
	for _, r := range id {
		n = (n*31 + int(r)) % colours
	}
	return n
}
