"""Words that indicate what a prompt is about and asks for, and messages that contain no task of their own."""

from __future__ import annotations

TOPICS: dict[str, str] = {
    # What a prompt is about. Weights: a `strong` word settles its topic, `weak` ones count only together.
    "code": """
        integer array | subsequence | substring | ``` | #include | public static | console.log | system.out. | </ |
        select * from | deadlock | steps to reproduce | expected result | actual result | expected behavio |
        actual behavio | reproducible in | action performed | stack trace | traceback (most | typeerror |
        nullpointer | segmentation fault | syntax error | compile error | pull request | unit test |
        binary search | binary tree | linked list | time complexity | leetcode | regular expression | python |
        javascript | typescript | c++ | c# | html_ | php_ | golang | kotlin | powershell | bash script | sql_ |
        sqlite | postgres | mysql | mongodb | regex | react_ | vue_ | django | flask | node.js | nodejs | pandas |
        numpy | pytorch | tensorflow | kubernetes | docker | terraform | ansible | vba | verilog | fpga |
        codebase | source code | pseudocode | refactor | debug | github | arduino | opengl | graphql | ffmpeg |
        elixir | haskell | matlab | solidity | shader | crontab | yaml file | dockerfile | jquery | dataframe |
        rust_ | nestjs | next.js | hugo_ | smtp | freebsd | nginx | redis | kafka | rabbitmq | llvm | cuda |
        opencv | langchain | vhdl | testbench | spring boot | hibernate | android app | ios app | swiftui |
        flutter | perl_ | fortran | cobol | scala_ | pyspark | apache spark | hadoop | airflow | snowflake |
        bigquery | sqlalchemy | websocket | oauth | jwt | ldap | ssh_ | iptables | systemd | raspberry pi | esp32 |
        makefile | cmake | gradle | maven | webpack | npm_ | pip install | jupyter | power bi | dax_ |
        excel macro | autocad | unity3d | unreal engine | godot | smart contract | write a function |
        a function to | a function that | write a program | a program that | a program to | write a script |
        a script that | a script to | write a query | a query that | write a method | write a class | assembly |
        nasm_ | x86 | arm64 | luau_ | lua_ | roblox | coroutine | svg_ | drupal | wordpress | laravel | symfony |
        samba | jax_ | sklearn | flexbox | css_ | cron_ | wsdl | visual studio | device driver | test case |
        sharding | closure | shell script | shellscript | linux | ubuntu | debian | gnu octave | octave_ | .net_ |
        asp.net | wpf_ | winforms | blazor | azure function | lambda function | selenium | playwright | pytest |
        junit | keras | scikit | hugging face | llama | stable diffusion | autohotkey | applescript |
        minecraft plugin | discord bot | telegram bot | chrome extension | tailwind | svelte | angular | next js |
        firebase | supabase | prisma_ | grpc | protobuf | nvidia | wireshark | nmap | packet | vlan | cisco |
        router config | nix_ | nixos | emacs | vim_ | tmux | ebpf | zig_ | julia_ | clojure | erlang | ocaml |
        prolog | lisp_ | vb.net | delphi | sas_ | stata | spss | code to | code for | code that | code in |
        scripts using | in r_ | r code | implement a_ | implement an_ | algorithm to | algorithm that |
        algorithm for | excel formula | google sheets | rust program | rust code | java program | java code |
        write code | my code | this code | the code | code snippet | code review | код на | программ | 代码 |
        函数 | 编程 | コード | プログラム | código | codigo | programme en | quellcode | programmier
    """,
    "code_weak": """
        def | import_ | return | function | class_ | algorithm | api_ | script | database | schema | endpoint |
        program | variable | array_ | string_ | loop_ | server | compile | compiler | bug_ | module | config |
        install | command | terminal | parse | stack | pointer | memory | file | table | error message | library |
        object_ | method_ | query_ | json_ | xml_ | thread_ | recursion | recursive | cache_ | deploy | backend |
        frontend | git_ | aws | azure | unix | gpu | cpu | boolean | software | developer | repository |
        framework | microservice | distributed system | rate limiter | data structure | web app | cli_ | sdk_ |
        webhook
    """,
    "maths": """
        divisor | multiple of | rectangular coordinates | polar coordinates | coefficient | asymptote | hexagon |
        pentagon | octagon | polygon | parallelogram | trapezoid | positive integer | negative integer |
        real number | complex number | natural number | ordered pairs | \\frac | \\sum | \\int | \\sqrt |
        \\mathbb | \\begin{ | \\cdot | \\leq | \\equiv | ∫ | ∑ | √ | ≤ | ∈ | ∞ | x^ | x**2 | theorem | lemma |
        prove that | prove the | proof of | proof that | eigenvalue | polynomial | quadratic | derivative of |
        integral of | indefinite integral | differential equation | solve for | solve the equation |
        probability that | what is the probability | how many ways | permutation | modulo | divisible by |
        hypotenuse | isosceles | right triangle | perimeter | circumference | logarithm | cosine |
        greatest common | least common | prime factor | prime number | standard deviation | expected value |
        bijection | convex | yield to maturity | present value | net present | annuity | compounded |
        arithmetic progression | arithmetic sequence | geometric sequence | geometric series | homomorphism |
        vector space | abelian | matrix | solve this equation | word problem | math problem | maths problem |
        уравнени | докажи | вероятност | 方程 | 证明 | 概率 | 计算 | 微分 | 積分 | 確率 | ecuaci | équation |
        gleichung | wahrscheinlichkeit
    """,
    "maths_weak": """
        calculate | compute | equation | triangle | circle | radius | integer | remainder | fraction | percent |
        ratio | sum of | product of | average | total of | factor | graph of_ | slope | vertex | vertices |
        set of | function f | f(x) | simplify | numbers | decimal | binary | hexadecimal | multiply | divided by |
        squared | formula | solve | speed of | km/h | m/s | interest rate | compound interest | dice_ | coin_ |
        cards_ | how many | how much | nth | arithmetic | algebra | geometry | calculus | statistic
    """,
    "logic": """
        puzzle | riddle | knights and knaves | knaves | truth-teller | tells the truth | always lie | syllogism |
        let's think | reason step | solve step | reasoning steps | think carefully | think through | think step |
        reason through | chain of thought | explain your reasoning | show your work | show your reasoning |
        your reasoning | deduce | deduction | logic puzzle | logically valid | logic circuit | boolean expression |
        brain teaser | sudoku | shortest path | rubik | game of life | chess position | checkmate in | anagram |
        palindrome | word ladder | cipher | what comes next | next number in | find the pattern | paradox |
        following rules | these rules | the rules are | following premises | we know that | cannot be determined |
        must be true | list of premises | infer | inductive reasoning | isomorphic | scrambled | unscramble |
        decode | each number once | only use each | prerequisites | every vertex | is rotated | number grid |
        matrix of | black moves | white moves | pattern which | mathematical pattern | does not belong |
        odd one out | given a string | given two strings | given an array | given a matrix | ascii grid |
        n queens | attack each other | logically follow | binary representation of | base conversion |
        the relationship between | true false or uncertain | first two statements | overtake | in how many moves |
        initial state | final state | optimal move | minimum number of | maximum number of | fewest |
        at most once | exactly once | counterfactual | 推理 | 逻辑 | шаг за шагом | paso a paso | étape par étape |
        schritt für schritt
    """,
    "depth": """
        step by step | step-by-step | analyze | analyse | analysis | analytical | trade-off | tradeoff |
        pros and cons | advantages and disadvantages | compare and contrast | critically | in depth | in-depth |
        in detail | detailed | comprehensive | thorough | root cause | diagnos | forecast | optimize | optimise |
        optimization | implications | methodology | derive | hypothesis | roadmap | business plan | architecture |
        feasibility | case study | literature review | thesis | dissertation | strateg | evaluate | assess |
        synthesi | investigate | interdisciplinary | scenario | long-term | research paper | white paper |
        systematically | rigorous | multi-step | end-to-end | scalab | fault-tolerant | high-throughput |
        design a_ | design an_ | vulnerabilit | security review | migration plan | 分析 | 详细 | 方案 | 论文 |
        研究 | 設計 | анализ | проанализируй | análisis | analiza | analyser | analysiere
    """,
    "science": """
        estoppel | doctrine of | fiduciary | mens rea | habeas | due process | common law | breach of duty |
        precedent | put option | call option | black-scholes | value at risk | capm_ | wacc_ | krebs | crispr |
        quantum | thermodynamic | entropy | relativity | electromagnet | voltage | circuit | semiconductor |
        photon | neutron | isotope | orbital | covalent | stoichiometr | enzyme | protein | genome | gene_ |
        mitochondri | neuron | receptor | pathogen | antibod | photosynthe | molecule | polymer | catalyst |
        kinetic | acceleration | momentum | velocity | torque | lagrangian | hamiltonian | neural network |
        machine learning | deep learning | gradient | backpropagation | transformer | regression | bayesian |
        reinforcement learning | language model | llm_ | capsule network | encoder | decoder | parallelism |
        gpt-4 | fine-tun | embeddings | markov | monte carlo | signal processing | encryption | cryptograph | tcp |
        protocol | latency | throughput | bandwidth | kernel | semikinematic | elasticity | macroeconomic |
        microeconomic | monetary policy | fiscal | game theory | nash equilibrium | epistemolog | ontolog |
        metaphysic | kant_ | hegel | jurisprudence | tort_ | statute | plaintiff | defendant | appellant |
        constitutional | negligence | liability | pathophysiolog | differential diagnosis | mechanism of |
        pharmacokinetic | valuation | discounted cash flow | hedge_ | derivatives | econometric | biochem |
        geophys | astrophys | genetic | cell cycle | evolutionary | plate tectonic | bridge_ | load-bearing |
        turbine | rocket | control system | pid controller | fourier | laplace_ | raft_ | consensus | blockchain
    """,
    "professional": """
        private equity | venture capital | merger | acquisition | due diligence | market siz | go-to-market |
        business model | revenue model | capital market | bonds | equities | hedge fund | options trading |
        monetiz | startup | corporation | corporate law | regulatory | compliance | geopolit | foreign policy |
        supply chain | procurement | actuarial | accounting | ifrs | gaap | audit | amortiz | depreciat |
        balance sheet | cash flow | tax implication | capital gain | inflation | econom | sociolog | anthropolog |
        philosoph | linguist | phonolog | morpholog | dative | syntax | etymolog | historiograph | archaeolog |
        theolog | psycholog | cognitive | neuroscien | immunolog | oncolog | cardiolog | surgical | clinical |
        epidemiolog | pathology | anatomy | physiolog | biolog | chemi | physic | astronom | geolog | ecolog |
        engineering | mechanical | aerospace | optical | thermal | structural | hydraulic | metallurg |
        manufacturing | robotic | kalman | signal | antenna | radar | sensor | telescope | statut | litigation |
        patent | intellectual property | contract law | criminal law | civil law | human rights | constitution |
        jurisdiction | ai strategy | machine translation
    """,
    "constraint": """
        must_ | should not | do not | don't | make sure | ensure that | at least | at most | exactly |
        no more than | no fewer than | only use | without using | format: | formatted as | in the style of |
        the following requirements | requirements: | constraints: | the output should | your response should |
        your answer should | your entire response | bullet point | paragraphs | word count | words long |
        include the | each line | sections | keyword | wrap your | all lowercase | all capital | 要求 | 不少于 |
        字数 | 格式
    """,
    "long_output": """
        full-length | white paper | business plan | research proposal | chapter | screenplay | grant proposal |
        syllabus | curriculum | course outline | technical report | policy paper | 2000字 | 3000字 | 1000字 |
        1500字 | 5000字
    """,
}

ASKS: dict[str, str] = {
    # What a prompt asks for, in languages whose word order an opening verb does not tell.
    "classify": """
        sentiment | spam or not | true or false | yes or no | classify | categorize | categorise | which category |
        one of the following categories | one of the following labels | multiple choice | clasifica | classifie |
        klassifizier | classifique | классифицируй | определи тональность | 分类 | 情感分析 | 情感倾向 | 分類 |
        hate speech | toxic | on a scale of | one of these categories | into one of | which intent |
        detect the language | identify the language
    """,
    "extract": """
        extract | named entit | keywords from | list all the | extrae | extraire | extrais | extrahier | extraia |
        извлеки | извлечь | 提取 | 抽取 | 抽出
    """,
    "qa": """
        from the article | based on the context | based on the article | based on the passage |
        based on the document | based on the text | based on the following | based only on | using only the |
        use only the | only use the | using the context | using the article | using the following context |
        the context below | following context | given context | provided context | provided document |
        provided text | the passage below | reference text | retrieved document | knowledge base | context: |
        passage: | according to the article | according to the passage | according to the text |
        according to the document | if the answer is not in | if the article does not | if the context does not |
        из текста | según el texto | d'après le texte | laut dem text | 根据以下 | 根据上下文
    """,
    "translate": """
        translate | translation | into french | into english | into spanish | into german | into chinese |
        traduce | traduis | traduire | übersetz | traduz | traduci | переведи | перевод | 翻译 | 翻訳
    """,
    "summarise": """
        summarize | summarise | summary | summarization | tl;dr | key points | main points | main idea |
        resume el | resumen | résume | résumé de | zusammenfass | fasse | resuma | riassum | кратко | резюмируй |
        总结 | 概括 | 要約 | まとめ
    """,
    "draft": """
        write a_ | write an_ | draft a_ | draft an_ | compose | write me | écris | rédige | escribe | redacta |
        schreib | verfass | escreva | scrivi | напиши | составь | 写一 | 撰写 | 写作 | 請寫 | 请写 | 设计 | 策划 |
        编写 | 起草 | 生成 | 帮我写 | 書いて | 作成
    """,
    "answer": """
        what is | what are | why | how do | how does | how can | explain | describe | qué es | por qué | explica |
        qu'est-ce | pourquoi | explique | was ist | warum | erklär | o que é | cos'è | perché | spiega |
        что такое | почему | объясни | 什么 | 如何 | 为什么 | 解释 | とは | なぜ | 説明
    """,
}

GREETINGS = """
    hello | hi_ | hey | good morning | good afternoon | good evening | thanks | thank you | thx | bye | goodbye |
    see you | ok_ | okay | yes_ | no_ | yep | yeah | sure_ | great_ | perfect | cool_ | got it | sounds good |
    continue_ | go on | how are you | what's up | nice to meet | welcome | please continue | next_ | hola |
    gracias | bonjour | merci | hallo | danke | olá | obrigad | ciao | grazie | привет | спасибо | 你好 | 谢谢 |
    こんにちは | ありがとう
"""
"""What is said without a task."""

_FOLLOW_UP = """
    yes yep yeah yup no nope ok okay sure please continue go on ahead do it that this again more next another one
    try retry redo and then also thanks thank you great good perfect cool nice right correct wrong shorter longer
    simpler better make the same now keep going proceed why how so what else elaborate explain further a bit is si
    sí oui ja nein non да нет ещё давай weiter mehr encore más continua continúa sigue 继续 是 好 はい 続けて
"""
FOLLOW_UP = frozenset(_FOLLOW_UP.split())
"""Words of a message that only goes on with what came before."""
