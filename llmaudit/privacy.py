"""Makes what a log holds about people safe to keep: keyed hashes that can be grouped by, and masks for live keys."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b

from llmaudit.pii import EMAIL, PHONE, ips_in

SECRET = re.compile(
    r"(?:sk-(?:ant-|proj-|or-v1-|svcacct-)?[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic, OpenRouter and their imitators
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}"  # AWS
    r"|AIza[0-9A-Za-z_-]{35}"  # Google
    r"|(?:ghp|gho|ghs|ghu|github_pat)_[A-Za-z0-9_]{20,}"  # GitHub
    r"|xox[abprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|(?:gsk|xai|pplx|hf|r8|fw|nvapi|tgp)[-_][A-Za-z0-9_-]{20,}"  # Groq, xAI, Perplexity, Hugging Face, …
    r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{8,}"  # JSON web tokens
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|(?<=Bearer )[A-Za-z0-9._~+/=-]{16,})"
)
"""Text that looks like a key somebody could use."""

KEY_SIGNS = (
    r"sk-|AKIA|ASIA|AIza|gh[posu]_|github_pat|xox|(?:gsk|xai|pplx|hf|r8|fw|nvapi|tgp)[-_]|eyJ|PRIVATE KEY|Bearer "
)
"""Without one of these no text matches `SECRET`: they are looked for first, in many values at once, which is faster."""


@lru_cache(maxsize=1 << 14)
def pseudonym(value: str, hash_key: bytes) -> str:
    """Return an opaque id unchanged, and one that holds an e-mail address, phone number or IP as a hash that groups."""
    if not (EMAIL.search(value) or PHONE.search(value) or ips_in(value)):
        return value
    return "hashed:" + _hashed(value, hash_key)


@lru_cache(maxsize=1 << 14)
def without_addresses(text: str, hash_key: bytes) -> str:
    """Return a text with each e-mail address and IP in it replaced by its keyed hash."""
    text = EMAIL.sub(lambda match: "hashed:" + _hashed(match[0], hash_key), text)
    for address in ips_in(text):
        text = text.replace(address, "hashed:" + _hashed(address, hash_key))
    return text


@lru_cache(maxsize=1 << 12)
def masked(text: str, hash_key: bytes) -> str:
    """Return a text with everything in it that looks like a live key replaced; the same key, the same mask."""
    return SECRET.sub(lambda match: "masked:" + _hashed(match[0], hash_key)[:16], text)


def _hashed(value: str, hash_key: bytes) -> str:
    return blake2b(value.encode("utf-8", "replace"), digest_size=12, key=hash_key).hexdigest()
