-- The addresses of links are searched like text: messages with a link that are
-- indexed already are indexed again.

-- +goose Up
SET LOCAL lock_timeout = '2s';
SELECT index_messages(ARRAY(SELECT DISTINCT message_id FROM message_media WHERE tab = 'link'));

-- +goose Down
SELECT 1; -- documents with addresses serve as well
