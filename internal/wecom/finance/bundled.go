package finance

import (
	"context"
	"fmt"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// bundledModule is the Go module that carries a copy of the library, of
// February 2020 and for x86-64 only, at the version of go.mod.
const bundledModule = "github.com/silenceper/wechat/v2@v2.1.14"

// FindBundledLibrary finds the copy of the library that silenceper's module holds
// in the Go module cache. It is for demo and tests; a company uses the library
// that it downloaded from WeCom itself.
func FindBundledLibrary(ctx context.Context) (string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("finance: the Finance SDK in %s is for linux/amd64, not for %s/%s",
			bundledModule, runtime.GOOS, runtime.GOARCH)
	}
	for _, cache := range []string{os.Getenv("GOMODCACHE"), filepath.Join(build.Default.GOPATH, "pkg", "mod"), goModCache(ctx)} {
		path := filepath.Join(cache, filepath.FromSlash(bundledModule), "work", "msgaudit", "lib", libraryName)
		if _, err := os.Stat(path); cache != "" && err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("finance: no Finance SDK in the Go module cache; run: go mod download %s", bundledModule)
}

// goModCache asks the go command, if there is one.
func goModCache(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
