package wecomsim

import (
	"encoding/base64"
	"strconv"
	"strings"
)

const cursorMark = "wecomsim:"

// paginate cuts one page out of all. limit 0 stands for usual; cursors are
// opaque to the caller and hold only the position.
func paginate[T any](all []T, cursor string, limit, usual, most int) (page []T, next string, err *apiError) {
	if limit == 0 {
		limit = usual
	}
	if limit < 1 || limit > most {
		return nil, "", badParam("limit must be 1.." + strconv.Itoa(most))
	}
	from, ok := openCursor(cursor)
	if !ok {
		return nil, "", badParam("cursor")
	}
	from = min(from, len(all))
	to := min(from+limit, len(all))
	if to < len(all) {
		next = base64.RawURLEncoding.EncodeToString([]byte(cursorMark + strconv.Itoa(to)))
	}
	return all[from:to], next, nil
}

func openCursor(cursor string) (from int, ok bool) {
	if cursor == "" {
		return 0, true
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, false
	}
	digits, ok := strings.CutPrefix(string(b), cursorMark)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n >= 0
}
