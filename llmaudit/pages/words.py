"""The lexicon: how pricing pages speak, one YAML file a language, compiled once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from llmaudit.yamlfile import read_yaml

FOLDER = Path(__file__).parent / "lexicon"
_NEVER = re.compile(r"(?!)")
_PART = re.compile(r"\{([a-z_]+)\}")
_WORD = re.compile(r"[^\W\d_]+")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u3400-\u9fff]")
WIDE = {"zh", "ja"}
"""Languages written without spaces: their words have no edges to match."""

_TRADITIONAL = str.maketrans(
    "費續儲幣價計點數額會員獎勵贈買購賣單無與並個倍萬億實際將還發稅務業務傳統認證開關門檻處理額外優惠減讓據帳戶號碼"
    "訂閱請調用戶網絡線隱藏暗齊級別專業團隊導應對環節設定繳納裝載轉換從權讀寫緩據庫審為於後說這裡們啟動撥資產標準聯繫"
    "總結構歷錄檢視圖樣佔備註類型輸入產生過濾匯率當試驗兩種質檔幾條約簡體資訊較難餘鑰廠現進來協議補銀行東視頻選擇區",
    "费续储币价计点数额会员奖励赠买购卖单无与并个倍万亿实际将还发税务业务传统认证开关门槛处理额外优惠减让据账户号码"
    "订阅请调用户网络线隐藏暗齐级别专业团队导应对环节设定缴纳装载转换从权读写缓据库审为于后说这里们启动拨资产标准联系"
    "总结构历录检视图样占备注类型输入产生过滤汇率当试验两种质档几条约简体资讯较难余钥厂现进来协议补银行东视频选择区",
)
"""Characters of pricing pages that are written otherwise in Taiwan and Hong Kong, one for one."""

_UMLAUT = re.compile(r"\[[^\]]*\]|[äöüß]")
_SPELLED = {"ä": "(?:ä|ae)", "ö": "(?:ö|oe)", "ü": "(?:ü|ue)", "ß": "(?:ß|ss)"}
"""German letters as they are also written: "Gebuehr"; a class of letters is left as it is."""

_LETTERS = {"de": re.compile("[äöüß]", re.IGNORECASE), "es": re.compile("[ñ¿¡]|ción\\b", re.IGNORECASE)}

MIN_VOTES = 2
"""Common words a text needs before it is taken for a language; a label of two words is the page's."""


class LexiconFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of lexicon/: lists of regular expressions by what they say; `{name}` in one stands for that part."""

    language: str
    common: list[str]
    parts: dict[str, str]
    terms: dict[str, list[str]]
    lookalikes: list[str]
    zero: list[str]
    list_price: list[str]
    not_zero: list[str]
    more: list[str]
    free: list[str]
    ways: dict[str, list[str]]
    beyond: list[str]
    negators: list[str]
    negators_after: list[str]
    breakers: list[str]
    asserts: list[str]
    contrast: list[str]
    bases: dict[str, list[str]]
    not_base: list[str]
    no_scope: list[str]
    hedges: list[str]
    weak_hedges: list[str]
    conditions: list[str]
    customer: list[str]
    others: list[str]
    provider: list[str]
    processor: list[str]
    ignored: list[str]
    ignored_after: list[str]
    skipped: list[str]
    other_matters: list[str]
    other_topics: list[str]
    defines: list[str]
    examples: list[str]
    supposed: list[str]
    plans: list[str]
    spending: list[str]
    statistics: list[str]
    hearsay: list[str]
    refuter_before: list[str]
    refuter_after: list[str]
    refuted: list[str]
    points_back: list[str]
    minimum: list[str]
    minimum_after: list[str]
    threshold: list[str]
    threshold_after: list[str]
    not_a_price: list[str]
    units: dict[str, list[str]]
    per: list[str]
    per_before: list[str]
    credits_units: list[str]
    raised: list[str]
    inside: list[str]
    added: list[str]
    given: list[str]
    given_before: list[str]
    yes: list[str]
    no: list[str]
    number_words: dict[str, str]
    phrases: dict[str, str]


@dataclass(frozen=True)
class Lexicon:
    """A language's lists as one compiled pattern each; `before` and `after` versions are tied to that end of a text."""

    language: str
    common: frozenset[str]
    terms: dict[str, re.Pattern[str]]
    bases: dict[str, re.Pattern[str]]
    units: dict[str, re.Pattern[str]]
    ways: dict[str, re.Pattern[str]]
    lists: dict[str, re.Pattern[str]]
    sources: dict[str, str]
    number_words: dict[str, str]
    phrases: dict[str, str]

    @property
    def wide(self) -> bool:
        """Whether the language is written without spaces."""
        return self.language in WIDE

    def __getitem__(self, name: str) -> re.Pattern[str]:
        """Return the pattern of a list by its name in the file."""
        return self.lists[name]


@cache
def lexicons() -> dict[str, Lexicon]:
    """Return every lexicon by its language.

    Raises:
        InputError: A file of the package is damaged.
    """
    found = (_compiled(read_yaml(path, LexiconFile, what="lexicon")) for path in sorted(FOLDER.glob("*.yaml")))
    return {lexicon.language: lexicon for lexicon in found}


def _compiled(file: LexiconFile) -> Lexicon:
    wide = file.language in WIDE

    def filled(pattern: str) -> str:
        if file.language == "de":
            pattern = _UMLAUT.sub(lambda match: _SPELLED.get(match[0], match[0]), pattern)
        return _PART.sub(lambda match: f"(?:{filled(file.parts[match[1]])})", pattern)

    def joined(patterns: Sequence[str]) -> str:
        return "|".join(sorted(map(filled, patterns), key=len, reverse=True))

    def one(patterns: Sequence[str]) -> re.Pattern[str]:
        if not patterns:
            return _NEVER
        source = joined(patterns)
        return re.compile(f"(?:{source})" if wide else rf"(?<!\w)(?:{source})(?!\w)", re.IGNORECASE)

    plain = [name for name in LexiconFile.__struct_fields__ if isinstance(getattr(file, name), list)]
    return Lexicon(
        language=file.language,
        common=frozenset(file.common),
        terms={name: one(patterns) for name, patterns in file.terms.items()},
        bases={name: one(patterns) for name, patterns in file.bases.items()},
        units={name: one(patterns) for name, patterns in file.units.items()},
        ways={name: one(patterns) for name, patterns in file.ways.items()},
        lists={name: one(getattr(file, name)) for name in plain if name != "common"},
        sources={name: joined(getattr(file, name)) for name in plain},
        number_words=file.number_words,
        phrases=file.phrases,
    )


def language_of(text: str, default: str | None = None) -> str | None:
    """Return the language of a text by its script, else by the commonest words; `default` where too little tells."""
    han = len(_HAN.findall(text))
    if _KANA.search(text):
        return "ja"
    if han and han * 8 > len(text):
        return "ja" if default == "ja" else "zh"
    words = {word.lower() for word in _WORD.findall(text[:20_000])}
    votes = {name: len(words & lexicon.common) for name, lexicon in lexicons().items() if lexicon.common}
    best = max(votes, key=lambda name: (votes[name], name == default))
    if votes[best] < MIN_VOTES and not votes.get(str(default)):  # "Transaktionsgebühren: 2,9 %" has a letter that tells
        return next((name for name, letters in _LETTERS.items() if letters.search(text)), default)
    if default in votes and votes[best] < votes[default] + MIN_VOTES:
        return default  # a short sentence has words that two languages share
    return best if votes[best] >= MIN_VOTES else default


def simplified(text: str) -> str:
    """Return Chinese text in the characters of the lexicon; every character stays in its place."""
    return text.translate(_TRADITIONAL)


def lexicons_for(text: str, page_language: str) -> Iterator[Lexicon]:
    """Yield the lexicons to read a sentence with: its own language, the page's, and English, which all pages mix in."""
    own = language_of(text, page_language)
    for name in dict.fromkeys((own, page_language, "en")):
        if name in lexicons():
            yield lexicons()[str(name)]
