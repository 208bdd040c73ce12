package main

import (
	"fmt"
	"io"
	"time"

	"huicun/internal/alert"
	"huicun/internal/ingest"
)

// printTroubles prints alarms, and what needs a person before it is one, each in
// English and in the Chinese words of the app message and the status page.
func (r *statusReport) printTroubles(p *printer) {
	alarms := 0
	for _, t := range r.Troubles {
		label := "alarm"
		if t.Early {
			label = "attention"
		} else {
			alarms++
		}
		p.line("%-12s %s, since %s", label, t.Summary, moment(t.Since))
		p.line("             %s：%s", t.Title, t.Detail)
		p.line("             处理：%s", t.Next)
	}
	if alarms == 0 {
		p.line("alarm        none")
	}
}

// moment writes a time with its offset: app messages show local times.
func moment(t time.Time) string { return t.Local().Format(time.RFC3339) }

// summary says in English what stands still, and why.
func summary(t ingest.Trouble) string {
	words := subjectWords[t.Subject]
	if t.Early && t.Subject == ingest.SubjectPull {
		words = "pulling fails"
	}
	return fmt.Sprintf("%s: %s", words, causeWords[t.Cause])
}

var subjectWords = map[string]string{
	ingest.SubjectPull:       "pulling stands still",
	ingest.SubjectKeys:       "messages cannot be read",
	ingest.SubjectQuarantine: "messages stay closed",
	ingest.SubjectWork:       "follow-up work stands still",
	ingest.SubjectDatabase:   "the database takes nothing",
	ingest.SubjectSearch:     "the index of searches stands still",
	ingest.SubjectMedia:      "files of messages are not fetched",
}

var causeWords = map[string]string{
	ingest.CauseTrustedIP:   "WeCom does not trust the address of this machine",
	ingest.CauseSecret:      "corp id or archive secret is wrong",
	ingest.CauseDisabled:    "the corp has no archive, or it has expired",
	ingest.CauseLimit:       "too many calls for WeCom's frequency limit",
	ingest.CauseBusy:        "WeCom is busy",
	ingest.CauseNetwork:     "WeCom cannot be reached",
	ingest.CauseTLS:         "the SDK does not accept WeCom's certificate",
	ingest.CauseSetup:       "the SDK does not start",
	ingest.CauseStorage:     "the database does not take the messages",
	ingest.CauseOther:       "see last error",
	ingest.CauseNobody:      "no process pulls",
	ingest.CauseSilent:      "a process holds the lease and gets no answer",
	ingest.CauseBehind:      "it pulls, and does not catch up",
	ingest.CauseKeyMissing:  "a private key is missing",
	ingest.CauseKeyWrong:    "a private key is not that of its version",
	ingest.CauseClosed:      "their key is there and does not open them",
	ingest.CauseRefused:     "the database refuses them",
	ingest.CauseScan:        "messages wait for the rules",
	ingest.CauseCallback:    "events of WeCom wait",
	ingest.CausePush:        "alerts do not leave",
	ingest.CauseMediaIndex:  "messages are not looked through for them",
	ingest.CauseMediaLate:   "they wait for so long that WeCom is about to drop them",
	ingest.CauseMediaStore:  "the store of files takes none",
	ingest.CauseSearchIndex: "messages are not indexed",
	ingest.CauseElastic:     "Elasticsearch takes nothing; the database searches meanwhile",
	ingest.CauseDiskFull:    "its disk is full",
	ingest.CauseConnections: "it has no connection to spare",
	ingest.CauseUnreachable: "it does not answer",
	ingest.CauseDatabase:    "it reports an error",
}

// alertWords say how far alerts have come.
var alertWords = map[string]string{
	string(alert.StatePending): "wait to be sent",
	string(alert.StateSending): "are being sent, or WeCom's answer was lost and is asked for again",
	string(alert.StateUnknown): "may have arrived: WeCom's answer was lost",
	string(alert.StateFailed):  "were given up: WeCom did not take them",
}

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func yes(ok bool, a, b string) string {
	if ok {
		return a
	}
	return b
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
