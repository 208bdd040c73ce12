package finance

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// libraryName is what the C library is called in Tencent's packages.
const libraryName = "libWeWorkFinanceSdk_C.so"

var elfMachines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// checkLibrary returns the absolute path of the library that path, a file or its
// folder, means, after making sure that this machine can load it.
func checkLibrary(path string) (string, error) {
	if path == "" {
		return "", errors.New("no Finance SDK is configured: download it from " +
			"developer.work.weixin.qq.com/document/path/91774 and configure the path of " + libraryName)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("path of the Finance SDK: %w", err)
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(path, libraryName)
		_, err = os.Stat(path)
	}
	if err != nil {
		return "", fmt.Errorf("the Finance SDK: %w", err) // names path and reason
	}
	return path, checkELF(path)
}

// checkELF tells a library for another machine from a damaged one.
func checkELF(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%s is no Linux library", path)
	}
	defer f.Close()
	if want, ok := elfMachines[runtime.GOARCH]; !ok || f.Machine != want {
		return fmt.Errorf("%s is for the processor %v, this program runs on %s: use the package of the SDK for this machine",
			path, f.Machine, runtime.GOARCH)
	}
	return nil
}
