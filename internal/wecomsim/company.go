package wecomsim

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"huicun/internal/wecomsim/corpus"
)

// company is the made-up corp of package corpus.
type company struct{ corpus *corpus.Corpus }

// media gives a file that its messages announce.
func (c company) media(fileID string) (mediaFile, bool) {
	data, ok := c.corpus.Media(fileID)
	if !ok {
		return mediaFile{}, false
	}
	auth, key := corpus.MediaKeys(fileID)
	f := mediaFile{FileID: fileID, AuthKey: auth, Data: data}
	if _, err := hex.Decode(f.AESKey[:], []byte(key)); err != nil {
		return mediaFile{}, false
	}
	return f, true
}

// corpusSource is the company's history as a source.
type corpusSource struct {
	corpus   *corpus.Corpus
	identity string
}

// Len implements source.
func (c corpusSource) Len() int { return c.corpus.Len() }

// Record implements source.
func (c corpusSource) Record(i int) (record, error) {
	r := c.corpus.Message(i)
	return record{MsgID: r.MsgID, Body: r.JSON}, nil
}

// Identity implements source.
func (c corpusSource) Identity() string { return c.identity }

// Close implements source.
func (corpusSource) Close() error { return nil }

// galleryMark tells in an identity that the history begins with the sample chat.
const galleryMark = ",gallery"

func corpusIdentity(o corpus.Options, end time.Time) string {
	id := fmt.Sprintf("corpus:seed=%d,messages=%d,end=%d", o.Seed, o.Messages, end.Unix())
	if o.Gallery {
		id += galleryMark
	}
	return id
}

func withGallery(identity string) bool { return strings.Contains(identity, galleryMark) }

// directoryOf turns the company's people into a directory.
func directoryOf(c *corpus.Corpus) (*directory, error) {
	d := newDirectory()
	for _, x := range c.Departments() {
		raw, err := asObject(x)
		if err != nil {
			return nil, err
		}
		d.departments = append(d.departments, department{id: int64(x.ID), parent: int64(x.ParentID), raw: raw})
	}
	for _, x := range c.Users() {
		raw, err := asObject(x)
		if err != nil {
			return nil, err
		}
		u := userOf(raw)
		u.left, u.permitted, u.customers = x.DimissionTime, x.Archived, x.HasCustomers
		d.addUser(u)
	}
	for _, x := range c.ExternalContacts() {
		k, err := corpusContact(x)
		if err != nil {
			return nil, err
		}
		d.addContact(k)
	}
	for _, x := range c.GroupChats() {
		raw, err := asObject(x)
		if err != nil {
			return nil, err
		}
		d.addGroup(groupOf(raw))
	}
	return d, addRows(d, c)
}

// addRows adds robots and tags.
func addRows(d *directory, c *corpus.Corpus) error {
	for _, x := range c.Robots() {
		raw, err := asObject(x)
		if err != nil {
			return err
		}
		d.robots = append(d.robots, raw)
	}
	for _, x := range c.CorpTags() {
		raw, err := asObject(x)
		if err != nil {
			return err
		}
		d.tagGroups = append(d.tagGroups, raw)
	}
	return nil
}

func corpusContact(x corpus.ExternalContact) (*contact, error) {
	raw, err := asObject(x)
	if err != nil {
		return nil, err
	}
	k := contactOf(raw)
	for i, f := range x.FollowUsers {
		k.follows[i].agree, k.follows[i].agreeTime = f.AgreeStatus, f.AgreeTime
	}
	return k, nil
}
