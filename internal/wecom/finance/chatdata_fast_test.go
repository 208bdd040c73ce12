package finance

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// usualPage is a page of n messages as WeCom writes it.
func usualPage(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"errcode":0,"errmsg":"ok","chatdata":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"seq":%d,"msgid":"%d_1767240000000_external","publickey_ver":3,"encrypt_random_key":"%s==","encrypt_chat_msg":"%s="}`,
			i+196, 1<<50+i, strings.Repeat("aB3+/", 68), strings.Repeat("xY9/+", 130))
	}
	b.WriteString("]}")
	return b.Bytes()
}

func TestFastPage(t *testing.T) {
	const rest = `,"msgid":"m","publickey_ver":1,"encrypt_random_key":"a","encrypt_chat_msg":"b"}`
	for _, tt := range []struct {
		name, page string
		fast       bool
	}{
		{"usual", string(usualPage(3)), true},
		{"fields in another order", `{"chatdata":[{"msgid":"m","seq":1,"encrypt_chat_msg":"b","publickey_ver":4294967295,"encrypt_random_key":""}],"errcode":0,"errmsg":"ok"}` + "\n", true},
		{"nothing new", `{"errcode":0,"errmsg":"ok","chatdata":[]}`, true},
		{"an error", `{"errcode":45009,"errmsg":"api freq out of limit"}`, true},
		{"largest seq", `{"chatdata":[{"seq":9223372036854775807` + rest + `]}`, true},
		{"seq too large", `{"chatdata":[{"seq":9223372036854775808` + rest + `]}`, false},
		{"seq of 20 digits", `{"chatdata":[{"seq":18446744073709551617` + rest + `]}`, false},
		{"seq as text", `{"chatdata":[{"seq":"1"` + rest + `]}`, false},
		{"seq with a fraction", `{"chatdata":[{"seq":1.5` + rest + `]}`, false},
		{"seq with a zero before it", `{"chatdata":[{"seq":01` + rest + `]}`, false},
		{"seq twice", `{"chatdata":[{"seq":1,"seq":2` + rest + `]}`, false},
		{"key in capitals", `{"chatdata":[{"SEQ":1` + rest + `]}`, false},
		{"a new field", `{"chatdata":[{"seq":1,"corp":"x"` + rest + `]}`, false},
		{"no msgid", `{"chatdata":[{"seq":1,"publickey_ver":1,"encrypt_random_key":"a","encrypt_chat_msg":"b"}]}`, false},
		{"empty msgid", `{"chatdata":[{"seq":1,"msgid":"","publickey_ver":1,"encrypt_random_key":"a","encrypt_chat_msg":"b"}]}`, false},
		{"an escape", `{"chatdata":[{"seq":1,"msgid":"a\/b","publickey_ver":1,"encrypt_random_key":"a","encrypt_chat_msg":"b"}]}`, false},
		{"not ASCII", `{"errcode":1,"errmsg":"错"}`, false},
		{"blanks", `{"errcode": 0}`, false},
		{"a comma too many", `{"errcode":0,}`, false},
		{"more after the end", `{"errcode":0}{}`, false},
		{"cut", string(usualPage(1)[:500]), false},
		{"null", `null`, false},
		{"nothing", ``, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, ok := fastPage([]byte(tt.page)); ok != tt.fast {
				t.Errorf("fastPage says %v, want %v", ok, tt.fast)
			}
			checkFastPage(t, []byte(tt.page))
		})
	}
}

// checkFastPage compares what fastPage reads with what encoding/json does.
func checkFastPage(t *testing.T, raw []byte) {
	t.Helper()
	got, ok := fastPage(raw)
	if !ok {
		return
	}
	want, err := parsePage(raw)
	if err != nil {
		t.Fatalf("fastPage reads what encoding/json refuses: %v in %q", err, raw)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateErrors()); diff != "" {
		t.Errorf("page %q (-encoding/json +fastPage):\n%s", raw, diff)
	}
}

func TestFastPageAgreesOnDamagedPages(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	page := []byte(`{"errcode":0,"errmsg":"ok","chatdata":[{"seq":196,"msgid":"m_1","publickey_ver":3,"encrypt_random_key":"a+/=","encrypt_chat_msg":"b"},{"seq":7}]}`)
	const bytesOfJSON = `{}[]",:\ 0123456789.-+eEnulltrue` + "\x00\x1f\x7f\x80\xff\nseqmsgid"
	for range 50_000 {
		b := bytes.Clone(page)
		for range 1 + r.IntN(4) {
			switch i := r.IntN(len(b)); r.IntN(3) {
			case 0:
				b[i] = bytesOfJSON[r.IntN(len(bytesOfJSON))]
			case 1:
				b = append(b[:i], b[min(len(b), i+1+r.IntN(8)):]...)
			default:
				b = append(b[:i:i], append([]byte{bytesOfJSON[r.IntN(len(bytesOfJSON))]}, b[i:]...)...)
			}
			if len(b) == 0 {
				break
			}
		}
		checkFastPage(t, b)
	}
}

func FuzzFastPage(f *testing.F) {
	f.Add(usualPage(2))
	f.Add([]byte(`{"errcode":0,"errmsg":"ok"}`))
	f.Fuzz(func(t *testing.T, raw []byte) { checkFastPage(t, raw) })
}

func BenchmarkParsePage(b *testing.B) {
	page := usualPage(1000)
	for name, parse := range map[string]func([]byte) (Page, error){"encoding/json": parsePage, "fast": ParseChatData} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(page)))
			for b.Loop() {
				if p, err := parse(page); err != nil || len(p.Items) != 1000 {
					b.Fatal(len(p.Items), err)
				}
			}
		})
	}
}
