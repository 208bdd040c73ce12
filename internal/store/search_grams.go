package store

import "huicun/internal/search"

// DocumentGrams gives what the column grams of search_messages holds of a
// document, for who fills the table without SaveDocuments.
func DocumentGrams(d search.Document) []int32 {
	return append(factGrams(dbText(d.MsgType), d.Flags), search.Grams(d.Body)...)
}
