//go:build !linux || !cgo

package finance

import "errors"

// sdkMissing says why this build cannot use the SDK.
const sdkMissing = "this build cannot load WeCom's Finance SDK, which exists for Linux only and needs cgo: " +
	"build on Linux (x86-64 or arm64) with CGO_ENABLED=1 and a C compiler"

// library stands for the SDK where it cannot be loaded.
type library struct{}

func openLibrary(setup) (*library, int, error) { return nil, 0, errors.New(sdkMissing) }

func (*library) destroy() {}

func (*library) reset() int { return 10003 }

func (*library) chatData(uint64, uint64) reply { return reply{Code: 10003} }

func (*library) decrypt(Sealed) reply { return reply{Code: 10003} }

func (*library) media(string, string) reply { return reply{Code: 10003} }
