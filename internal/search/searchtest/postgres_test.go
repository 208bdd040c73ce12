package searchtest_test

import (
	"testing"

	"huicun/internal/search"
	"huicun/internal/search/searchtest"
	"huicun/internal/store"
)

func TestPostgres(t *testing.T) {
	searchtest.Run(t, func(_ *testing.T, a *searchtest.Archive) (search.Engine, func(testing.TB)) {
		return &store.Search{DB: a.DB}, nil
	})
}
