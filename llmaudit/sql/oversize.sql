/* Answers longer than their model can write, and prompts longer than it can read. Grain: one row per request. Portable subset.

   Reads sku_limits: the most tokens of an answer and of a prompt, by seller and sku, as the catalog knows them (NULL: unknown).
   A row that wrote nothing is left out: the prompt of an embedding or of a reranking adds up many texts, each within the limit.
   kind: what is too long; where both are, the answer. limit_tokens: the limit that it is above. */
SELECT
    s.*,
    CASE WHEN s.output_tokens > l.max_output THEN 'output' ELSE 'prompt' END AS kind,
    CASE WHEN s.output_tokens > l.max_output THEN l.max_output ELSE l.longest_prompt END AS limit_tokens
FROM sliced_requests AS s
JOIN sku_limits AS l
    ON l.seller = s.seller AND l.sku = s.sku
WHERE s.output_tokens > l.max_output OR (s.prompt_tokens > l.longest_prompt AND s.output_tokens > 0)
