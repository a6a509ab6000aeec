"""Which language a text is in, and so which lexicons a sentence is read with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmaudit.pages.lexicon.files import Lexicon, lexicons

_WORD = re.compile(r"[^\W\d_]+")

_KANA = re.compile(r"[\u3040-\u30ff]")

_HAN = re.compile(r"[\u3400-\u9fff]")

_TRADITIONAL = str.maketrans(
    "費續儲幣價計點數額會員獎勵贈買購賣單無與並個倍萬億實際將還發稅務業務傳統認證開關門檻處理額外優惠減讓據帳戶號碼"
    "訂閱請調用戶網絡線隱藏暗齊級別專業團隊導應對環節設定繳納裝載轉換從權讀寫緩據庫審為於後說這裡們啟動撥資產標準聯繫"
    "總結構歷錄檢視圖樣佔備註類型輸入產生過濾匯率當試驗兩種質檔幾條約簡體資訊較難餘鑰廠現進來協議補銀行東視頻選擇區兌",
    "费续储币价计点数额会员奖励赠买购卖单无与并个倍万亿实际将还发税务业务传统认证开关门槛处理额外优惠减让据账户号码"
    "订阅请调用户网络线隐藏暗齐级别专业团队导应对环节设定缴纳装载转换从权读写缓据库审为于后说这里们启动拨资产标准联系"
    "总结构历录检视图样占备注类型输入产生过滤汇率当试验两种质档几条约简体资讯较难余钥厂现进来协议补银行东视频选择区兑",
)
"""Characters of pricing pages that are written otherwise in Taiwan and Hong Kong, one for one."""

_LETTERS = {"de": re.compile("[äöüß]", re.IGNORECASE), "es": re.compile("[ñ¿¡]|ción\\b", re.IGNORECASE)}

MIN_VOTES = 2
"""Common words a text needs before it is taken for a language; a label of two words is the page's."""


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
