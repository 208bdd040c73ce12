package chatdata

import (
	"slices"
	"strconv"
	"time"

	"huicun/internal/archive"
)

// beijing is the zone of the local times that WeCom writes as text.
var beijing = time.FixedZone("CST", 8*60*60)

// maxCallSeconds bounds the duration that is computed for a recorded call: its
// start is only believed to be the time of the message.
const maxCallSeconds = 24 * 60 * 60

func readTodo(_ *reader, p object) archive.Content {
	var f fields
	f.text("title", p.str("title"))
	f.text("content", p.str("content"))
	return archive.Content{Kind: archive.ContentTodo, Fields: f}
}

// readVote gives vote_type 101 for a poll that began, 102 for a vote cast.
func readVote(_ *reader, p object) archive.Content {
	var f fields
	f.text("title", p.str("votetitle"))
	f.texts("option", p.strs("voteitem"))
	f.number("vote_type", p.num("votetype"))
	return archive.Content{Kind: archive.ContentVote, Fields: f}
}

func readCollect(r *reader, p object) archive.Content {
	var f fields
	f.text("title", p.str("title"))
	f.text("room", p.str("room_name"))
	f.text("organiser", p.str("creator"))
	f.text("created_at", localTime(p.str("create_time")))
	for _, v := range p.list("details") {
		if !r.take() {
			break
		}
		question, _ := toObject(v)
		f.text("question", question.str("ques"))
	}
	return archive.Content{Kind: archive.ContentCollect, Fields: f}
}

func localTime(s string) string {
	t, err := time.ParseInLocation(time.DateTime, s, beijing)
	if err != nil {
		return s
	}
	return t.UTC().Format(time.RFC3339)
}

// readRedPacket gives packet_type 1 ordinary, 2 random amounts, 3 incentive.
func readRedPacket(_ *reader, p object) archive.Content {
	var f fields
	f.text("wish", p.str("wish"))
	f.number("packet_type", p.num("type"))
	f.number("count", p.num("totalcnt"))
	f.number("amount_fen", p.num("totalamount"))
	return archive.Content{Kind: archive.ContentRedPacket, Fields: f}
}

// readMeeting gives answer (status in message-types.md 4.19) with answers only.
func readMeeting(_ *reader, p object) archive.Content {
	var f fields
	f.text("topic", p.str("topic"))
	f.time("starts_at", when(p.num("starttime")))
	f.time("ends_at", when(p.num("endtime")))
	f.text("place", p.str("address"))
	f.text("remarks", p.str("remarks"))
	if p.num("meetingtype") == 102 {
		f.number("answer", p.num("status"))
	}
	f.text("meeting_id", p.str("meetingid", "meeting_id"))
	return archive.Content{Kind: archive.ContentMeeting, Fields: f}
}

func readCalendar(_ *reader, p object) archive.Content {
	var f fields
	f.text("title", p.str("title"))
	f.text("organiser", p.str("creatorname"))
	f.texts("attendee", p.strs("attendeename"))
	f.time("starts_at", when(p.num("starttime")))
	f.time("ends_at", when(p.num("endtime")))
	f.text("place", p.str("place"))
	f.text("remarks", p.str("remarks"))
	return archive.Content{Kind: archive.ContentCalendar, Fields: f}
}

// readCall gives call_type 1 video, 2 voice, 3 video in a group, 4 voice there.
func readCall(_ *reader, p object) archive.Content {
	var f fields
	f.number("call_type", p.num("invitetype"))
	f.text("duration_seconds", strconv.FormatInt(p.num("callduration"), 10))
	return archive.Content{Kind: archive.ContentCall, Fields: f}
}

// readCallAudio is the one card that has a file too: the recording.
func readCallAudio(r *reader, p object) archive.Content {
	var f fields
	m := mediaOf(p)
	if end := when(p.num("endtime")); !end.IsZero() {
		f.time("ends_at", end)
		if took := end.Unix() - r.sentAt/1000; r.sentAt > 0 && took > 0 && took <= maxCallSeconds {
			m.DurationSeconds = took
			f.number("duration_seconds", took)
		}
	}
	return archive.Content{Kind: archive.ContentCall, Media: m, Fields: f, Shares: readShares(r, p)}
}

// readShares gives documents and screens in the order in which they were shown.
func readShares(r *reader, p object) []archive.Share {
	var shares []archive.Share
	add := func(list, who string, name func(object) string) {
		for _, v := range p.list(list) {
			if !r.take() {
				return
			}
			shared, _ := toObject(v)
			shares = append(shares, archive.Share{
				Document: name(shared), Person: person(shared.str(who)), StartsAt: when(shared.num("starttime")), EndsAt: when(shared.num("endtime")),
			})
		}
	}
	add("demofiledata", "demooperator", func(o object) string { return o.str("filename") })
	add("sharescreendata", "share", func(object) string { return "" })
	slices.SortStableFunc(shares, func(a, b archive.Share) int { return a.StartsAt.Compare(b.StartsAt) })
	return shares
}

// readChannel gives feed_type 2 picture, 4 video, 9 live.
func readChannel(_ *reader, p object) archive.Content {
	var f fields
	f.text("channel", p.str("sph_name"))
	f.text("description", p.str("feed_desc"))
	f.number("feed_type", p.num("feed_type"))
	return archive.Content{Kind: archive.ContentChannel, Fields: f}
}
