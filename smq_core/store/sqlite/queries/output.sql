-- name: keep_output
-- Keep what the run that is about to be acked printed, where its topic keeps history and the message stays.
UPDATE smq_messages
SET output = :output
WHERE id = :id
  AND receipt = :receipt
  AND EXISTS (
    SELECT 1
    FROM smq_policies AS p
    WHERE p.topic = smq_messages.topic
      AND p.keep_ms > 0
  );
