package finance

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseChatData(t *testing.T) {
	item := `{ "seq":9223372036854775807,"msgid":"m1_external", "publickey_ver":3,"encrypt_random_key":"a2V5","encrypt_chat_msg":"bXNn","new":[1, 2] }`
	for _, tt := range []struct {
		name, raw string
		want      Page
	}{
		{"nothing newer", `{"errcode":0,"errmsg":"ok","chatdata":[]}`, Page{ErrMsg: "ok"}},
		{"no chatdata", `{"errcode":0,"errmsg":"ok"}`, Page{ErrMsg: "ok"}},
		{"chatdata null", `{"chatdata":null}`, Page{}},
		{
			"errcode", `{"errcode":301042,"errmsg":"ip not\n allowed, hint: [0123456789abcdef0123456789], from ip: 1.2.3.4"}`,
			Page{ErrCode: 301042, ErrMsg: "ip not  allowed, hint: [***], from ip: 1.2.3.4"},
		},
		{"item kept byte for byte", `{"errcode":0,"chatdata":[` + item + `]}`, Page{Items: []Item{{
			Seq: math.MaxInt64, MsgID: "m1_external", PublicKeyVer: 3, EncryptRandomKey: "a2V5", EncryptChatMsg: "bXNn",
			Raw: json.RawMessage(item),
		}}}},
		{"numbers as strings", `{"errcode":"0","chatdata":[{"seq":"7","msgid":"m","publickey_ver":"2"}]}`, Page{Items: []Item{{
			Seq: 7, MsgID: "m", PublicKeyVer: 2, Raw: json.RawMessage(`{"seq":"7","msgid":"m","publickey_ver":"2"}`),
		}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseChatData([]byte(tt.raw))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParseChatData (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseChatDataKeepsItemsThatItCannotRead(t *testing.T) {
	for _, item := range []string{
		`{"seq":5,"msgid":7}`,
		`{"seq":5,"msgid":""}`,
		`{"seq":5}`,
		`{"seq":5,"msgid":"m","publickey_ver":4294967296}`,
		`{"seq":5,"msgid":"m","publickey_ver":-1}`,
		`{"seq":5,"msgid":"m","encrypt_chat_msg":{}}`,
	} {
		t.Run(item, func(t *testing.T) {
			page, err := ParseChatData([]byte(`{"chatdata":[` + item + `,{"seq":6,"msgid":"next"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			bad, next := page.Items[0], page.Items[1]
			if bad.Err == nil || bad.Seq != 5 || string(bad.Raw) != item {
				t.Errorf("item = %+v, want its seq, its bytes and an error", bad)
			}
			if next.Err != nil || next.MsgID != "next" {
				t.Errorf("the next item = %+v", next)
			}
		})
	}
}

func TestParseChatDataKeepsItemsWithoutSeq(t *testing.T) {
	for _, item := range []string{
		`{"msgid":"m","publickey_ver":1,"encrypt_random_key":"k","encrypt_chat_msg":"c"}`,
		`{"seq":-1,"msgid":"m"}`,
		`{"seq":"x","msgid":"m"}`,
		`{"seq":18446744073709551615,"msgid":"m"}`,
		`null`,
		`[7]`,
	} {
		t.Run(item, func(t *testing.T) {
			page, err := ParseChatData([]byte(`{"chatdata":[{"seq":5,"msgid":"before"},` + item + `,{"seq":6,"msgid":"next"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := page.Items[1]; !got.NoSeq || got.Seq != 0 || string(got.Raw) != item {
				t.Errorf("item = %+v, want no seq and its bytes", got)
			}
			if next := page.Items[2]; next.Err != nil || next.NoSeq || next.Seq != 6 {
				t.Errorf("the next item = %+v", next)
			}
		})
	}
}

func TestParseChatDataRefuses(t *testing.T) {
	for _, tt := range []struct{ name, raw, want string }{
		{"empty", "", "is empty"},
		{"HTML", "<html>secret words</html>", "not JSON: it breaks at byte 1"},
		{"cut", `{"errcode":0,"chatdata":[{"seq":1,`, "not JSON"},
		{"null", "null", "null"},
		{"array", "[]", "wrong type"},
		{"chatdata of the wrong type", `{"chatdata":"x"}`, `"chatdata"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseChatData([]byte(tt.raw))
			if ClassOf(err) != ClassRetry || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("ParseChatData: %v, want an error of class retry with %q", err, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("the error quotes the answer: %v", err)
			}
		})
	}
}

func TestPageErr(t *testing.T) {
	page := Page{ErrCode: 301042, ErrMsg: "not allowed, from ip: 1.2.3.4"}
	var e *Error
	if err := page.Err(); !errors.As(err, &e) || e.Class != ClassTrustedIP || !strings.Contains(err.Error(), "1.2.3.4") ||
		!strings.Contains(err.Error(), "可信IP") {
		t.Errorf("Err = %v, want class trusted_ip, the address and the next step", err)
	}
	if err := (Page{}).Err(); err != nil {
		t.Errorf("Err of a good page = %v", err)
	}
}

func FuzzParseChatData(f *testing.F) {
	for _, s := range []string{
		`{"errcode":0,"errmsg":"ok","chatdata":[{"seq":1,"msgid":"m","publickey_ver":1,"encrypt_random_key":"a","encrypt_chat_msg":"b"}]}`,
		`{"errcode":301042,"errmsg":"no"}`, `{"chatdata":[{"seq":"1"}]}`, `null`, ``, "{\"errmsg\":\"\x00\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		page, err := ParseChatData(raw)
		if err != nil && page.Items != nil {
			t.Error("ParseChatData gave both items and an error")
		}
		for _, item := range page.Items {
			if !json.Valid(item.Raw) || !strings.Contains(string(raw), string(item.Raw)) {
				t.Errorf("Raw %q is no part of the answer", item.Raw)
			}
		}
	})
}
