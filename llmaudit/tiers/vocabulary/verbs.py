"""The verbs that open a clause of a prompt, by the task that they ask for, and the polite words before them."""

from __future__ import annotations

import re

VERB_TABLE: dict[str, str] = {
    "classify": """
        classify | categorize | categorise | label | tag | detect | predict | determine | judge | select |
        choose | pick | identify | rate | rank | score | verify | check | match | assign | flag | moderate |
        tell if | tell me if | tell whether | tell me whether | say whether | figure out if | fact checking |
        answer yes | answer true""",
    "extract": """
        extract | find | list all | list the names | list every | count | spot | locate | highlight | pull |
        parse | link | name | output | return | select the oldest | retrieve | look up""",
    "format": """
        reformat | format | convert | capitalize | sort | reverse | normalize | clean | correct | fix the
        grammar | fix grammar | fix the spelling | fix spelling | fix the typos | proofread | alphabetize |
        split | join | replace | fill | add commas | lowercase | uppercase | transcribe""",
    "translate": """
        translate""",
    "summarise": """
        summarize | summarise | condense | shorten | recap | abridge""",
    "rewrite": """
        rewrite | rephrase | paraphrase | polish | edit | improve | simplify the text | simplify this | adapt |
        reword | expand | make this | make it | change | modify the sentence | turn this""",
    "draft": """
        write | draft | compose | create | generate | produce | come up | suggest | brainstorm | recommend |
        give me ideas | imagine | pretend | suppose you | assume the | embrace the | picture yourself | complete
        | describe a | tell me a | make | craft | help me write | reply | respond | invent | pen | narrate |
        edit the following | act | plan | prepare | outline""",
    "answer": """
        what | what's | who's | where's | how's | when's | which's | who | when | where | which | why | how | is
        | are | was | were | do | does | did | can | could | should | would | will | has | have | explain |
        describe | define | discuss | give | provide | list | name | tell | elaborate | teach | show | use |
        using | cuál | quién | cuándo | dónde | qué | quelle | quel | qui | wer | wann | wo | welche | chi |
        quem | onde | кто | когда | где | decide | approve | reject | answer | compare | state | mention | share
        | summarize the differences | check out""",
    "code": """
        implement | code | debug | refactor | program | compile | deploy | run | execute""",
    "maths": """
        express | solve | prove | calculate | compute | evaluate | integrate | differentiate | derive the |
        simplify | factor""",
    "reasoning": """
        analyze | analyse | design | develop | plan a | architect | optimize | optimise | devise | reconcile |
        critique | investigate | reason | think | let's think | assess | forecast | diagnose | conduct |
        formulate | construct | simulate""",
}
"""The verbs, or first words, by task; a verb under several tasks belongs to the last of them."""

VERBS: dict[str, str] = {
    verb: task for task, table in VERB_TABLE.items() for verb in " ".join(table.split()).split(" | ")
}
"""The task of a clause by its first words; longer entries are tried first."""

POLITE = re.compile(
    r"^(?:hi|hello|hey|ok|okay|so|now|then|also|and|but|first|next|finally|please|kindly|pls|just|"
    r"can you|could you|would you|will you|can i|i want you to|i need you to|i would like you to|i'd like you to|"
    r"i want to|i need to|i would like to|i'd like to|i need|help me to|help me|help us|help|your task is to|"
    r"your job is to|the task is to|the goal (?:\w+ ){0,3}is to|your goal is to|you are required to|your role is to|"
    r"the objective is to|you need to|you have to|you must|you should|you will|"
    r"you are asked to|you are to|try to|let's|let us|go ahead and|in detail|briefly|thoroughly|carefully|quickly|"
    r"task|instruction|instructions|question|problem|q|user|prompt|input|there|assistant|me to|to|you(?! are))\b"
    r"[\s:,.\-]*",
)
"""What people say before the verb."""

POLITE_HEADS = frozenset(
    [
        "hi", "hello", "hey", "ok", "okay", "so", "now", "then", "also", "and", "but", "first", "next", "finally",
        "please", "kindly", "pls", "just", "can", "could", "would", "will", "i", "i'd", "help", "your", "the", "you",
        "try", "let's", "let", "go", "in", "briefly", "thoroughly", "carefully", "quickly", "task", "instruction",
        "instructions", "question", "problem", "q", "user", "prompt", "input", "there", "assistant", "me", "to",
    ]
)  # fmt: skip
"""First words of what `POLITE` matches: a cheap look before the pattern."""
