"""Names that traces and gateways use for sellers of models, mapped to those of the catalog."""

from __future__ import annotations

_NAMES = {
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "az.ai.openai": "azure",
    "az.ai.inference": "azure",
    "azureopenai": "azure",
    "azure_openai": "azure",
    "azure-openai": "azure",
    "azure-openai-responses": "azure",
    "azure_ai": "azure",
    "amazon_bedrock": "bedrock",
    "amazon-bedrock": "bedrock",
    "aws.bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "google.vertex": "vertex",
    "google.generative-ai": "google",
    "google_genai": "google",
    "google-generative-ai": "google",
    "google-gemini-cli": "google",
    "google-vertex": "vertex",
    "google-vertex-anthropic": "vertex",
    "google_vertexai": "vertex",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "vertex",
    "vertexai": "vertex",
    "vertex_ai": "vertex",
    "x_ai": "xai",
    "mistralai": "mistral",
    "mistral_ai": "mistral",
    "fireworks_ai": "fireworks",
    "fireworks-ai": "fireworks",
    "openai-codex": "openai",
    "together_ai": "together",
    "togetherai": "together",
}


def seller_of(name: str | None) -> str | None:
    """Return a seller's name in the catalog's words; one that is not in the list stays as it is, in lower case.

    The AI SDK adds the kind of model (`openai.chat`, `google.vertex.chat`), which is left out.
    """
    if not name:
        return None
    word = name.strip().lower()
    if word in _NAMES:
        return _NAMES[word]
    shorter, dot, _ = word.rpartition(".")
    return _NAMES.get(shorter, shorter.partition(".")[0]) if dot else word


def region_of(place: str | None) -> str | None:
    """Return a region as prices know it: `global`, or a cloud's own region, in lower case; None where it is not said.

    `not_available` is Anthropic's word for a model that has no choice of region: one price, the global one.
    """
    word = (place or "").strip().lower()
    return {"": None, "not_available": "global"}.get(word, word)
