package personid_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/personid"
)

func TestKey(t *testing.T) {
	for _, tt := range []struct {
		name, id, key string
		external      bool
	}{
		{"employee", "LinXiaoyu", "linxiaoyu", false},
		{"employee with digits and signs", "XH-0456_a@B.c", "xh-0456_a@b.c", false},
		{"customer from WeChat", "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", true},
		{"customer from WeCom", "woQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", "woQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", true},
		{"robot", "wbQx7kDAAAJVylUKpSA3Z5U11tDO4Xyz", "wbQx7kDAAAJVylUKpSA3Z5U11tDO4Xyz", true},
		{"shortest external id", "wmABCDEFGHIJKLMNOPQRSTUV", "wmABCDEFGHIJKLMNOPQRSTUV", true},
		{"one byte too short for an external id", "wmABCDEFGHIJKLMNOPQRSTU", "wmabcdefghijklmnopqrstu", false},
		{"employee whose userid begins like a customer's", "WmZhang", "wmzhang", false},
		{"long employee id in upper case", "WMABCDEFGHIJKLMNOPQRSTUVWXYZ", "wmabcdefghijklmnopqrstuvwxyz", false},
		{"group ids are not people", "wrQx7kDAAAv8Zp1LmN4oRtYbXeKcJqSd", "wrqx7kdaaav8zp1lmn4ortybxekcjqsd", false},
		{"letters outside ASCII stay", "李Ä", "李Ä", false},
		{"empty", "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := personid.Key(tt.id); got != tt.key {
				t.Errorf("Key(%q) = %q, want %q", tt.id, got, tt.key)
			}
			if got := personid.External(tt.id); got != tt.external {
				t.Errorf("External(%q) = %v, want %v", tt.id, got, tt.external)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	got := personid.Keys([]string{"B", "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", "a"})
	want := []string{"b", "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", "a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Keys (-want +got):\n%s", diff)
	}
}

func FuzzKey(f *testing.F) {
	f.Add("LinXiaoyu")
	f.Add("wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw")
	f.Fuzz(func(t *testing.T, id string) {
		key := personid.Key(id)
		if again := personid.Key(key); again != key {
			t.Errorf("Key(Key(%q)) = %q, want %q", id, again, key)
		}
	})
}
