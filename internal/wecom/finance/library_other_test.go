//go:build !linux || !cgo

package finance

import (
	"strings"
	"testing"
)

func TestOpenSDKSaysWhatIsMissing(t *testing.T) {
	_, err := OpenSDK(t.Context(), Options{CorpID: "ww1", Secret: "s", Relay: true})
	if ClassOf(err) != ClassConfig || !strings.Contains(err.Error(), "CGO_ENABLED=1") {
		t.Errorf("OpenSDK: %v, want an error of class config that says how to build", err)
	}
}
