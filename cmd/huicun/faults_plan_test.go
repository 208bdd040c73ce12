package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// blow is one thing that goes wrong, once so many messages are held.
type blow struct {
	kind  blowKind
	after int64
	point string        // blowTrap: of the program; blowInside: of the transaction
	nth   int           // blowTrap: not at the first but at the nth time
	delay time.Duration // blowHuicun: a moment of its own
	pick  int           // which of the helpers or backends
}

// blowKind says what is killed, and when.
type blowKind string

const (
	blowHuicun     blowKind = "huicun"              // at any moment
	blowTrap       blowKind = "huicun at"           // after a named step
	blowInside     blowKind = "huicun inside"       // while its transaction is open
	blowHelper     blowKind = "SDK helper"          // huicun goes on
	blowBackend    blowKind = "backend of Postgres" // all connections break
	blowPostmaster blowKind = "Postgres"
	blowSimulator  blowKind = "wecomsim"
)

// String describes the blow for a failure.
func (b blow) String() string {
	return fmt.Sprintf("%s %s (nth %d, delay %v, pick %d) after %d messages", b.kind, b.point, b.nth, b.delay, b.pick, b.after)
}

// Where a killed huicun is caught.
var (
	trapPoints = []string{
		"fetch", "open", "save", "saved",
		pointScanBefore, pointScanAfter, pointPushBefore, pointPushAfter, pointSendBefore, pointSendAfter,
	}
	insidePoints = []string{"message_ids", "batches", "pull_state", "commit"}
)

// newPlan makes kills blows, spread over the messages: of each twenty, six hit
// huicun at any moment, six at a step, two inside a transaction, three its
// helper, one each a backend, Postgres and wecomsim.
func newPlan(rng *rand.Rand, kills, messages int) []blow {
	kinds := make([]blowKind, 0, kills)
	shares := []struct {
		kind blowKind
		of   int // of twenty
	}{{blowHuicun, 6}, {blowTrap, 6}, {blowInside, 2}, {blowHelper, 3}, {blowBackend, 1}, {blowPostmaster, 1}, {blowSimulator, 1}}
	for len(kinds) < kills {
		for _, s := range shares {
			for range s.of {
				kinds = append(kinds, s.kind)
			}
		}
	}
	kinds = kinds[:kills]
	rng.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	plan := make([]blow, kills)
	traps, insides := 0, 0
	for i, kind := range kinds {
		b := blow{kind: kind, nth: 1 + rng.IntN(3), delay: time.Duration(rng.IntN(60)) * time.Millisecond, pick: rng.IntN(1000)}
		b.after = int64(i) * int64(messages*95/100) / int64(kills)
		switch kind {
		case blowTrap:
			b.point, traps = trapPoints[traps%len(trapPoints)], traps+1
			if strings.HasPrefix(b.point, "push") || strings.HasPrefix(b.point, "send") {
				b.nth = 1
			}
		case blowInside:
			b.point, insides = insidePoints[insides%len(insidePoints)], insides+1
		}
		plan[i] = b
	}
	return plan
}

// The people of the messages that the tests make up; all are in the directory
// of wecomsim.
var (
	speakers = []string{"LinXiaoyu", "SuYating", "HeRuoxi", "ZhouMingkai"}
	watched  = []string{"回扣壹", "转账贰", "私单叁", "红包肆", "飞单伍", "返点陆", "现金柒", "借款捌", "串货玖", "抹零拾"}
)

// plantEvery is how often a message has a watched word.
const plantEvery = 100

// plantedWord is the watched word of message i, from 0; "" for most.
func plantedWord(i int) string {
	if i%plantEvery != plantEvery/2 {
		return ""
	}
	return watched[i/plantEvery%len(watched)]
}

// writeMessages writes n messages of many shapes, one a line, for wecomsim to
// serve. The watched words stand where plantedWord says and nowhere else.
func writeMessages(t *testing.T, rng *rand.Rand, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		b.WriteString(madeUpMessage(rng, i))
		b.WriteByte('\n')
	}
	path := filepath.Join(t.TempDir(), "messages.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const chatter = "好的收到谢谢您今天下午见方案发您看看ok2026年￥🙂"

func madeUpMessage(rng *rand.Rand, i int) string {
	at := 1767240000000 + int64(i)*61_000
	head := fmt.Sprintf(`{"msgid":"%d_%d_external","action":"send","from":%q,"tolist":[%q],"roomid":"","msgtime":%d,`,
		rng.Int64(), at, speakers[rng.IntN(len(speakers))], customer, at)
	if word := plantedWord(i); word != "" {
		return head + textPart(randomText(rng, 5)+word+randomText(rng, 5))
	}
	switch rng.IntN(100) {
	case 0:
		return head + textPart(randomText(rng, 15_000)) // 50 KB
	case 1:
		return head + `"msgtype":"hologram","hologram":{"depth":[1,2,{"x":null}]}}`
	case 2:
		return head + "\"msgtype\":\"text\",\"text\":{\"content\":\"raw \x01\x02\t control\"}}"
	case 3:
		return head + "\"msgtype\":\"text\",\"text\":{\"content\":\"bad \xff\xfe utf-8\"}}"
	case 4:
		return head + `"msgtype":"text","text":{"content":"lone \ud83d surrogate, \u0000 nul"}}`
	case 5:
		return head + `"msgtype":"text","text":{"content":"cut short`
	case 6:
		return head + `"msgtype":"image","image":{"sdkfileid":"Q2lBQ","md5sum":"50de8e5ae8ffe4f1df7a93841f71993a","filesize":70961}}`
	case 7:
		return head + `"msgtype":"text","text":{"content":"one"},"text":{"content":"two"}}`
	default:
		return head + textPart(randomText(rng, 1+rng.IntN(60)))
	}
}

func textPart(content string) string {
	b, err := json.Marshal(content)
	if err != nil {
		panic(err)
	}
	return `"msgtype":"text","text":{"content":` + string(b) + `}}`
}

func randomText(rng *rand.Rand, n int) string {
	runes := []rune(chatter)
	out := make([]rune, n)
	for i := range out {
		out[i] = runes[rng.IntN(len(runes))]
	}
	return string(out)
}
