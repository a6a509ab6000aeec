"""One name for each seller and model, whatever the packages call it."""

from __future__ import annotations

import re
from datetime import date

SELLERS: dict[str, str] = {  # package's word -> our id; what is not listed is its own word with hyphens
    "amazon-bedrock": "bedrock",
    "amazon_nova": "amazon-nova",
    "aws": "bedrock",
    "azure_ai": "azure",
    "azure_text": "azure",
    "bedrock_converse": "bedrock",
    "bedrock_mantle": "bedrock",
    "bigmodel": "zhipuai",
    "chatgpt": "chatgpt",
    "clf_ai_gateway": "clf-ai-gateway",
    "codestral": "mistral",
    "cohere_chat": "cohere",
    "dashscope": "alibaba",
    "fireworks_ai": "fireworks",
    "fireworks_ai-embedding-models": "fireworks",
    "gemini": "google",
    "jina_ai": "jina",
    "meta_llama": "meta",
    "moonshot": "moonshotai",
    "nova": "amazon-nova",
    "stepfun-ai": "stepfun",
    "tencent-tokenhub": "tencent",
    "text-completion-codestral": "mistral",
    "text-completion-inception": "inception",
    "text-completion-openai": "openai",
    "together_ai": "together",
    "vercel_ai_gateway": "vercel-ai-gateway",
    "voyage": "voyageai",
    "x-ai": "xai",
    "xiaomi_mimo": "xiaomi",
}
CLOUDS = frozenset({"azure", "bedrock", "databricks", "oci", "sagemaker", "snowflake", "vertex", "watsonx"})
LABS = frozenset(
    {
        "ai21", "alibaba", "amazon-nova", "anthropic", "arcee", "bailing", "byteplus", "cognition", "cohere", "cursor",
        "deepseek", "google", "inception", "longcat", "meta", "minimax", "mistral", "moonshotai", "openai",
        "perplexity", "poolside", "sakana", "sarvam", "sensenova", "stepfun", "tencent", "thinkingmachines", "upstage",
        "volcengine", "voyageai", "xai", "xiaomi", "zai", "zhipuai",
    }
)  # fmt: skip
GATEWAYS = frozenset(
    {
        "aihubmix", "aiml", "clf-ai-gateway", "cloudflare", "github-copilot", "hostinger-router", "inferenceapis",
        "kyma", "opencode-go", "openrouter", "quicksilverpro", "vercel-ai-gateway", "zed",
    }
)  # fmt: skip
MAKERS: dict[str, str] = {  # the part of a name before the slash or dot -> maker
    "amazon": "amazon-nova",
    "anthropic": "anthropic",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "deepseek-ai": "deepseek",
    "google": "google",
    "meta": "meta",
    "meta-llama": "meta",
    "minimax": "minimax",
    "minimaxai": "minimax",
    "mistral": "mistral",
    "mistralai": "mistral",
    "moonshotai": "moonshotai",
    "nvidia": "nvidia",
    "openai": "openai",
    "qwen": "alibaba",
    "x-ai": "xai",
    "xai": "xai",
    "xai-org": "xai",
    "z-ai": "zai",
    "zai": "zai",
    "zai-org": "zai",
}
_FAMILIES: tuple[tuple[str, str], ...] = (  # how a model's own name begins -> maker, for sellers that name no maker
    ("claude", "anthropic"),
    ("gpt-oss", "openai"),
    ("gpt", "openai"),
    ("chatgpt", "openai"),
    ("codex", "openai"),
    ("davinci", "openai"),
    ("text-embedding-3", "openai"),
    ("gemini", "google"),
    ("gemma", "google"),
    ("llama", "meta"),
    ("qwen", "alibaba"),
    ("qwq", "alibaba"),
    ("deepseek", "deepseek"),
    ("mistral", "mistral"),
    ("mixtral", "mistral"),
    ("ministral", "mistral"),
    ("codestral", "mistral"),
    ("devstral", "mistral"),
    ("magistral", "mistral"),
    ("pixtral", "mistral"),
    ("voxtral", "mistral"),
    ("grok", "xai"),
    ("glm", "zai"),
    ("kimi", "moonshotai"),
    ("minimax", "minimax"),
    ("nova-", "amazon-nova"),
    ("command-", "cohere"),
    ("jamba", "ai21"),
    ("nemotron", "nvidia"),
    ("phi-", "microsoft"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4-mini", "openai"),
)
INCLUSIVE_MAKERS = frozenset({"xai"})
"""Makers whose long-prompt price begins at the threshold itself, not above it."""

_GEO = re.compile(r"^(?:global|us|eu|apac|au|jp|ca|us-gov)\.(?=[a-z0-9-]+\.)")
_TAG = re.compile(r"(?::[a-z-]+|\[[^\]]*\])$")
_REVISION = re.compile(r"(?:-v\d+)?(?::\d+(?::\w+)?)$|-v\d+$|@\w+$|-maas$")
_DAY = re.compile(r"[-@](20\d\d)-?([01]\d)-?([0-3]\d)(?=$|[-:@])")


def seller_id(word: str) -> str:
    """Return our id of a seller as a package names it."""
    if word.startswith("vertex_ai"):
        return "vertex"
    return SELLERS.get(word, word.replace("_", "-").lower())


def kind_of(seller: str) -> str:
    """Return what a seller is: provider (sells what it makes), cloud, gateway, or host (of others' open weights)."""
    if seller in LABS:
        return "provider"
    if seller in CLOUDS:
        return "cloud"
    return "gateway" if seller in GATEWAYS or seller.startswith("huggingface") else "host"


def released_in(sku: str) -> date | None:
    """Return the day a dated model id names (`gpt-4o-2024-08-06`, `claude-opus-4-20250514`), or None."""
    found = _DAY.search(sku)
    if not found:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def squashed(name: str) -> str:
    """Return a name without what sellers spell differently: case, dots, region prefix, revision, maker's prefix."""
    low = _GEO.sub("", name.lower().strip("/"))
    low = low.rpartition("/")[2]
    head, dot, rest = low.partition(".")
    if dot and head in MAKERS:
        low = rest
    low = _REVISION.sub("", _TAG.sub("", low))
    return re.sub(r"[._ @:]+", "-", low)


def maker_of(sku: str, seller: str) -> str:
    """Return who made the model that a seller sells under an id: by its prefix, else its family, else the seller.

    A maker resells other makers' models too (Alibaba sells DeepSeek's), so that its own name comes last.
    """
    low = _GEO.sub("", sku.lower())
    for part in re.split(r"[/]", low)[:-1]:
        if part in MAKERS:
            return MAKERS[part]
    head, dot, _ = low.partition(".")
    if dot and head in MAKERS:
        return MAKERS[head]
    base = squashed(sku)
    return next((maker for family, maker in _FAMILIES if base.startswith(family)), seller)


def edge(tokens: int, maker: str) -> dict[str, object]:
    """Return the condition of a long-prompt price: the whole request costs so past this many tokens.

    Packages write the same threshold as 199999, 200000 or 200001. Of the makers only xAI says that its threshold is
    itself inside ("200k or more").

    Args:
        tokens: The threshold as a package writes it.
        maker: Who made the model.
    """
    size = round(tokens, -3) if abs(round(tokens, -3) - tokens) == 1 else tokens
    return {"prompt_ge" if maker in INCLUSIVE_MAKERS else "prompt_gt": size}


class Models:
    """Canonical names: `maker/name`, where the name is the maker's own id if the maker sells the model itself.

    Args:
        own: The skus of every maker that sells its own models, by maker.
    """

    def __init__(self, own: dict[str, set[str]]) -> None:
        self._own = {maker: {squashed(sku): sku for sku in sorted(skus, reverse=True)} for maker, skus in own.items()}

    def maker_sku(self, seller: str, sku: str) -> tuple[str, str] | None:
        """Return the maker and the maker's own id of a resold model, or None where the maker does not sell it."""
        maker = maker_of(sku, seller)
        known = self._own.get(maker, {})
        base = squashed(sku)
        found = known.get(base) or known.get(_DAY.sub("", base))
        return (maker, found) if found else None

    def canonical(self, seller: str, sku: str) -> str:
        """Return the canonical name of a seller's sku."""
        if sku in self._own.get(seller, {}).values() and maker_of(sku, seller) == seller:
            return f"{seller}/{sku.lower()}"
        found = self.maker_sku(seller, sku)
        if found:
            return f"{found[0]}/{found[1].lower()}"
        return f"{maker_of(sku, seller)}/{squashed(sku)}"
