"""What is counted in the opening and the close of a prompt: patterns by the field of `opening.Shape` that they fill.

All are linear in the text, by the engine that runs them (Rust's `regex`): it never goes back.
"""

from __future__ import annotations

CODE_LINE = (
    r"^\s*(?:def |class |import |from [\w.]+ import|#include|public |private |const |let |var |function |SELECT |"
    r"CREATE TABLE|INSERT INTO|if \(|for \(|while \(|return\b|print\(|</?[a-z]+>|>>> )"
)
"""The beginning of a line of code."""

COUNTS: dict[str, str] = {
    "code_lines": f"(?m){CODE_LINE}",
    "code_marks": (
        r"`[^`\n]{1,60}`|&&|\|\||::|->|=>|\w\(\)|[a-z][A-Z][a-z]+\w*\(|\b(?:print|range|len|printf|malloc)\(|[a-z]_\w+\(|"
        r"\w\.(?:py|js|ts|cpp|java|php|sh|html|css|sql|json|yaml|toml|exe|dll|rs|go)\b|"
        r"[;{]\n|\b[A-Z]\w+(?:Error|Exception)\b"
    ),
    "statements": r"[^.?!\n]{8}\.\s",
    "marks": r"[?？]",
}
"""Counted in the text as written, but with digits as 0."""

LOWER_COUNTS: dict[str, str] = {
    "numbers": (
        r"0[0.,]*|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|hundred|thousand|"
        r"dozen|half|twice|double|triple|third|quarter|thrice)\b"
    ),
    "equations": r"[0a-z)]\s?=\s?-?[0a-z(]",
    "expressions": r"[0a-z)]\s?[+*^=×÷]\s?[-0a-z(]|\b[0a-z]\s[-/]\s[0a-z]\b|\b0+/0+\b",
    "quantities": (
        r"\b(?:how (?:many|much|long|far|old|fast|tall|often)|what (?:is|was|will|are|were|would)(?: \w+){0,3} "
        r"(?:total|number|average|cost|price|profit|age|sum|value|area|volume|length|distance|speed|ratio|percentage|"
        r"probability|difference|remainder|perimeter|amount|weight|odds|result|mean|angle|time)|what percent|"
        r"find (?:the|all|every|a)|calculate|compute|determine|by how m|in how m|what fraction)\b"
    ),
    "first_person": r"\b(?:i|i'm|i've|my|me|we|our|us|we're|you are an?|your (?:task|job|role))\b",
    "trouble": (
        r"\b(?:error|exception|fails?|failing|crash(?:es|ed)?|doesn't work|not working|trouble with|issues? with|"
        r"problems? with|won't|can't|bug|how (?:do|can|to|would|should)|why)\b"
    ),
    "how_to": (
        r"\b(?:how (?:to|do i|do you|can i|can you|can one|would i|could i|should i|might)|instructions?|steps?|guide|"
        r"tutorial|recipe|manual|write|create|develop|make|build|give me|provide|teach|tell me|show me|help me|"
        r"i want to|i need|ways? to|plan)\b"
    ),
    "facts": (
        r"^\W*(?:hi[,! ]+|hello[,! ]+|please )?(?:who|when|where|which \w*[^s\W] |define|what(?:'s| is| was| does|"
        r" time| year| day| color| colour| city| country| language| kind| type)|"
        r"how (?:many|tall|old|far|big|long|deep|high)|"
        r"name (?:the|a|an|one|two|three)|in (?:what|which)|on (?:what|which)|"
        r"cuál es|quién|cuándo|dónde|quelle est|qui a|wer|wann|wo|chi|quando|dove|quem|onde|кто|когда|где|"
        r"is|are|was|were|did|does|do|has|have|can|will)\b"
    ),
    "terms": (
        r"\b(?:hydro|glyco|electro|proteo)lysis\b|"
        r"\b[a-z]{3,}(?:ylation|itis|osis|emia|ectomy|opathy|genesis|kinetics|dynamics|omics|phagy|oxidase|"
        r"kinase|synthase|transferase)\b"
    ),
    "long_text": r"\b0{1,2},?000[- ]words?\b",
    "option_a": r"(?:^|\s)\(?a[).:]\s",
    "option_b": r"\s\(?b[).:]\s",
    "option_c": r"\s\(?c[).:]\s",
}
"""Counted in the same text in lower case."""
