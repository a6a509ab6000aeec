"""What surrounds a sentence, as far as it changes what the sentence says."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """What surrounds a sentence.

    Attributes:
        heading: The heading above it.
        others: Pattern of gateways that the page is not of, or None.
        own: Pattern of the page's own gateway, or None.
        reader_sets: The page says that its reader chooses a factor or a margin.
        several: The page is about several gateways: what it does not say whose it is, is nobody's.
        titled: Words of the title of such a page that may be the name of its own gateway, or None.
        example: The sentence belongs to an example.
        subject: What heads a row, a column or a section, and may name whom it is about.
        is_heading: The sentence is a heading or a labelled cell: what it denies is a claim, a fee it merely names is
            none.
        year: The year in which the page is read: what begins in a later one is not charged yet.
        settings_page: The page shows how to configure a margin: what it says about margins is its reader's.
    """

    heading: str = ""
    others: re.Pattern[str] | None = None
    own: re.Pattern[str] | None = None
    settings_page: bool = False
    reader_sets: bool = False
    several: bool = False
    titled: re.Pattern[str] | None = None
    example: bool = False
    subject: str = ""
    is_heading: bool = False
    year: int = 9999
