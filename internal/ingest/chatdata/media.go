package chatdata

import (
	"path"
	"strings"

	"huicun/internal/archive"
)

// mediaOf reads what all files have in common; sizes have three names.
func mediaOf(p object) *archive.Media {
	return &archive.Media{
		SDKFileID: p.str("sdkfileid"),
		SizeBytes: p.num("filesize", "voice_size", "imagesize"),
		MD5:       p.str("md5sum"),
	}
}

func readImage(_ *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentImage, Media: mediaOf(p)}
}

func readVoice(_ *reader, p object) archive.Content {
	m := mediaOf(p)
	m.DurationSeconds = p.num("play_length")
	return archive.Content{Kind: archive.ContentVoice, Media: m}
}

func readVideo(_ *reader, p object) archive.Content {
	m := mediaOf(p)
	m.DurationSeconds = p.num("play_length")
	return archive.Content{Kind: archive.ContentVideo, Media: m}
}

func readEmotion(_ *reader, p object) archive.Content {
	m := mediaOf(p)
	m.Width, m.Height = p.num("width"), p.num("height")
	m.Ext = map[int64]string{1: "gif", 2: "png"}[p.num("type")]
	return archive.Content{Kind: archive.ContentEmotion, Media: m}
}

func readFile(_ *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentFile, Media: named(p)}
}

func readDocShare(_ *reader, p object) archive.Content {
	return archive.Content{Kind: archive.ContentDocShare, Media: named(p)}
}

func named(p object) *archive.Media {
	m := mediaOf(p)
	m.Name = p.str("filename")
	m.Ext = strings.TrimPrefix(p.str("fileext"), ".")
	if m.Ext == "" {
		m.Ext = strings.TrimPrefix(path.Ext(m.Name), ".")
	}
	return m
}

func readLink(_ *reader, p object) archive.Content {
	return links(archive.ContentLink, archive.Link{
		Title:       p.str("title"),
		Description: p.str("description"),
		URL:         webURL(p.str("link_url")),
	})
}

// readWeapp leaves the page path out: it is no web address.
func readWeapp(_ *reader, p object) archive.Content {
	return links(archive.ContentWeapp, archive.Link{
		Title:       p.str("title"),
		Description: p.str("description"),
		Source:      p.str("displayname"),
	})
}

// readDoc gives the creator's id as source: WeCom tells no name.
func readDoc(_ *reader, p object) archive.Content {
	return links(archive.ContentDoc, archive.Link{
		Title:  p.str("title"),
		URL:    webURL(p.str("link_url")),
		Source: p.str("doc_creator"),
	})
}

func readDriveFile(_ *reader, p object) archive.Content {
	return links(archive.ContentDriveFile, archive.Link{Title: p.str("filename"), URL: webURL(p.str("url"))})
}

func readNews(r *reader, p object) archive.Content {
	c := archive.Content{Kind: archive.ContentNews, Links: []archive.Link{}}
	for _, v := range p.list("item", "items") {
		if !r.take() {
			break
		}
		item, _ := toObject(v)
		c.Links = append(c.Links, archive.Link{
			Title:       item.str("title"),
			Description: item.str("description"),
			URL:         webURL(item.str("url", "link_url")),
		})
	}
	return c
}

func links(kind archive.ContentKind, l archive.Link) archive.Content {
	return archive.Content{Kind: kind, Links: []archive.Link{l}}
}
