package finance

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRequestsSurviveTheirFrames(t *testing.T) {
	requests := []request{
		{Op: doInit, Setup: setup{Library: "/l.so", CorpID: "ww", Secret: "s\x00", Proxy: "p", ProxyPassword: "u:p", Seconds: 5}},
		{Op: doReset},
		{Op: doChat, Seq: 1<<64 - 1, Limit: 1000},
		{Op: doMedia, IndexBuf: "Range:bytes=0-15", FileID: "f"},
		{Op: doDecrypt, Items: []Sealed{{"k", "中文"}, {"", ""}, {"k3", strings.Repeat("m", 3<<20)}}},
		{Op: doCareful, Items: []Sealed{{"k", "m"}}},
	}
	var pipe bytes.Buffer
	for _, q := range requests {
		if err := writeFrame(&pipe, q.encode()); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range requests {
		payload, err := readFrame(&pipe)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeRequest(payload)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request %d (-want +got):\n%.500s", i, diff)
		}
	}
	if _, err := readFrame(&pipe); !errors.Is(err, io.EOF) {
		t.Errorf("after the last frame: %v, want io.EOF", err)
	}
}

func TestRepliesSurviveTheirFrames(t *testing.T) {
	for _, want := range []reply{
		{Data: []byte{}},
		{Code: 10001, Data: []byte{}},
		{Code: -1, Failure: "no library", Data: []byte{}},
		{Data: []byte("\x00\xff"), OutIndexBuf: "Range:bytes=16-31", Finished: true},
	} {
		got, err := decodeReply(want.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reply (-want +got):\n%s", diff)
		}
	}
}

func TestMalformedFrames(t *testing.T) {
	for _, tt := range []struct {
		name, bytes string
		want        error
	}{
		{"cut in the length", "\x00\x00", io.ErrUnexpectedEOF},
		{"cut in the payload", "\x00\x00\x00\x05ab", io.ErrUnexpectedEOF},
		{"cut in a large payload", "\x10\x00\x00\x00" + strings.Repeat("a", 2<<20), io.ErrUnexpectedEOF},
		{"text instead of a frame", "hello\n", errFrame},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := readFrame(strings.NewReader(tt.bytes)); !errors.Is(err, tt.want) {
				t.Errorf("readFrame: %v, want %v", err, tt.want)
			}
		})
	}
	whole := request{Op: doDecrypt, Items: []Sealed{{"key", "msg"}}}.encode()
	for n := range whole {
		if _, err := decodeRequest(whole[:n]); !errors.Is(err, errFrame) {
			t.Errorf("decodeRequest of the first %d bytes: %v, want errFrame", n, err)
		}
	}
	if _, err := decodeRequest(append(whole, 0)); !errors.Is(err, errFrame) {
		t.Errorf("decodeRequest with a byte too many: %v, want errFrame", err)
	}
	if _, err := decodeRequest(request{Op: doDecrypt}.encode()); !errors.Is(err, errFrame) {
		t.Errorf("decodeRequest of no items: %v, want errFrame", err)
	}
	if _, err := decodeRequest([]byte{99}); !errors.Is(err, errFrame) {
		t.Errorf("decodeRequest of an unknown operation: %v, want errFrame", err)
	}
}

func FuzzReadFrame(f *testing.F) {
	var b bytes.Buffer
	if err := writeFrame(&b, request{Op: doDecrypt, Items: []Sealed{{"key", "msg"}}}.encode()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		payload, err := readFrame(bytes.NewReader(data))
		if err != nil {
			return
		}
		if !bytes.Equal(payload, data[4:4+len(payload)]) {
			t.Error("the payload is not what came")
		}
	})
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(request{Op: doInit, Setup: setup{Library: "/l.so"}}.encode()))
	f.Add([]byte(request{Op: doDecrypt, Items: []Sealed{{"key", "msg"}}}.encode()))
	f.Add([]byte{doDecrypt, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, payload []byte) {
		q, err := decodeRequest(payload)
		if err != nil {
			return
		}
		again, err := decodeRequest(q.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(q, again); diff != "" {
			t.Errorf("encode and decode again (-want +got):\n%s", diff)
		}
	})
}

func FuzzDecodeReply(f *testing.F) {
	f.Add(reply{Code: 10001, Failure: "f", Data: []byte("d"), OutIndexBuf: "i", Finished: true}.encode())
	f.Fuzz(func(t *testing.T, payload []byte) {
		p, err := decodeReply(payload)
		if err != nil {
			return
		}
		again, err := decodeReply(p.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Errorf("encode and decode again (-want +got):\n%s", diff)
		}
	})
}
