package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"huicun/internal/search"
)

// The oldest item that is not done stands at one of the two ends of what waits:
// what comes is written in the order of its batches, what is old in the opposite
// one, and a run that failed is due soon again.
const sqlSearchCoverage = `
WITH waiting AS MATERIALIZED (
	(SELECT id, args, created_at FROM outbox WHERE kind = 'index' AND state IN ('available', 'retryable') ORDER BY scheduled_at, id LIMIT 1000)
	UNION
	(SELECT id, args, created_at FROM outbox WHERE kind = 'index' AND state IN ('available', 'retryable') ORDER BY scheduled_at DESC, id DESC LIMIT 1000)
	UNION
	SELECT id, args, created_at FROM outbox WHERE kind = 'index' AND state = 'running'
), given_up AS MATERIALIZED (
	SELECT id, args, created_at, errors FROM outbox WHERE kind = 'index' AND state = 'discarded'
), holes AS MATERIALIZED (
	SELECT args, COALESCE(b.stored_at, created_at) AS since
	FROM (SELECT args, created_at FROM waiting UNION ALL SELECT args, created_at FROM given_up) w
	LEFT JOIN batches b ON b.id = CAST(w.args->>'batch_id' AS bigint)
)
SELECT (SELECT indexed FROM search_state) AS indexed,
	(SELECT stored FROM pull_state) AS messages,
	(SELECT COALESCE(sum(jsonb_array_length(args->'message_ids')), 0) FROM holes WHERE args ? 'message_ids') AS again,
	(SELECT min(since) FROM holes) AS since,
	(SELECT count(*) FROM waiting) AS waiting,
	(SELECT count(*) FROM given_up) AS given_up,
	COALESCE((SELECT errors[cardinality(errors)] FROM given_up ORDER BY id LIMIT 1), '') AS error,
	now() AS now`

// Coverage implements search.Engine. Behind counts messages that have no document
// yet and messages about which something is known that their document lacks, of
// the latter no more than the two thousand items at the ends of what waits say.
func (s *Search) Coverage(ctx context.Context) (search.Coverage, error) {
	var row struct {
		Indexed  int64        `db:"indexed"`
		Messages int64        `db:"messages"`
		Again    int64        `db:"again"`
		Since    sql.NullTime `db:"since"`
		Waiting  int64        `db:"waiting"`
		GivenUp  int64        `db:"given_up"`
		Error    string       `db:"error"`
		Now      time.Time    `db:"now"`
	}
	if err := s.DB.GetContext(ctx, &row, sqlSearchCoverage); err != nil {
		return search.Coverage{}, wrap(ctx, "read coverage of search", err)
	}
	c := search.Coverage{Indexed: row.Indexed, Messages: row.Messages, UpTo: row.Now.UTC(), Behind: max(0, row.Messages-row.Indexed) + row.Again}
	if row.Since.Valid {
		c.UpTo = row.Since.Time.UTC()
	}
	switch {
	case row.GivenUp > 0:
		c.Problem = fmt.Sprintf("%d pieces of indexing were given up: %s", row.GivenUp, row.Error)
		c.Behind = max(c.Behind, 1)
	case row.Indexed < row.Messages && row.Waiting == 0:
		c.Problem = fmt.Sprintf("%d messages have no document, and nothing waits that would make them", row.Messages-row.Indexed)
	case row.Indexed > row.Messages:
		c.Problem = fmt.Sprintf("%d documents more than messages", row.Indexed-row.Messages)
	}
	return c, nil
}
