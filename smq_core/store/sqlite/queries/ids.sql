-- name: ids_last_given
-- The highest id that was ever given.
SELECT seq
FROM sqlite_sequence
WHERE name = 'smq_messages';

-- name: ids_absurd
-- Messages whose id somebody set below the first one, or so high that the ids after it would soon be used up.
SELECT count(*)
FROM smq_messages
WHERE id < 1
  OR id > 4503599627370496;

-- name: ids_choose
-- Choose another id for each of them, after all that can have been given before: what is there, what is told of, what was counted.
-- The row without an id before it has the last of those.
CREATE TEMP TABLE smq_renumbered AS
WITH last(id) AS (
  SELECT max(id)
  FROM (
    SELECT max(id) AS id FROM smq_messages WHERE id <= 4503599627370496
    UNION ALL
    SELECT max(message_id) FROM smq_attempts WHERE message_id <= 4503599627370496
    UNION ALL
    SELECT max(message_id) FROM smq_undo WHERE message_id <= 4503599627370496
    UNION ALL
    SELECT seq FROM sqlite_sequence WHERE name = 'smq_messages' AND seq <= 4503599627370496
    UNION ALL
    SELECT sum(entered) FROM smq_topics
    UNION ALL
    SELECT 0
  )
)
SELECT NULL AS id_before, id AS id_after
FROM last
UNION ALL
SELECT messages.id, last.id + row_number() OVER (ORDER BY messages.id)
FROM smq_messages AS messages, last
WHERE messages.id < 1
  OR messages.id > 4503599627370496;

-- name: ids_give_to_attempts
-- Let the history of a message follow it.
UPDATE smq_attempts
SET message_id = renumbered.id_after
FROM smq_renumbered AS renumbered
WHERE renumbered.id_before = message_id;

-- name: ids_give_to_undo
-- Let what an operator can take back follow its message.
UPDATE smq_undo
SET message_id = renumbered.id_after
FROM smq_renumbered AS renumbered
WHERE renumbered.id_before = message_id;

-- name: ids_give
-- Give each message its other id.
UPDATE smq_messages
SET id = renumbered.id_after
FROM smq_renumbered AS renumbered
WHERE renumbered.id_before = smq_messages.id;

-- name: ids_go_on
-- Let the next id be the one after the last.
UPDATE sqlite_sequence
SET seq = (SELECT max(id_after) FROM smq_renumbered)
WHERE name = 'smq_messages';

-- name: ids_forget_choice
-- Drop what was chosen.
DROP TABLE smq_renumbered;
