"""The words that tell a task or its stakes: tables a reader can check, matched in one pass over a prompt.

Phrases stand between bars. One matches where a word begins with it (`summar` finds `summary`); `_` at its end asks for
the end of a word too. Phrases of scripts without spaces match anywhere. Text and phrases are made alike by `normal`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

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

ADVERSARIAL: dict[int, str] = {
    # Points towards an attack on the model's rules; three make one. Common words are worth one.
    5: """
        do anything now | ignore all previous | ignore all prior | ignore all the instructions |
        ignore all instructions | ignore previous instructions | ignore the previous instructions |
        ignore the above instructions | ignore any previous | ignore your previous | ignore every instruction |
        disregard all previous | disregard previous instructions | disregard all prior | forget all previous |
        forget all your | forget your previous | forget everything you | forget previous instructions | dan mode |
        developer mode enabled | reveal your system prompt | print your system prompt |
        show me your system prompt | repeat your system prompt | игнорируй все | игнорируй предыдущ |
        забудь все предыдущ | ignora todas las | ignora las instrucciones | olvida todas las instrucciones |
        ignorez toutes | ignorez les instructions | oublie toutes les instructions | ignoriere alle |
        ignoriere die vorherigen | vergiss alle | ignore todas as | ignora tutte le | negeer alle | 忽略之前 |
        忽略以上 | 忽略所有 | 無視して
    """,
    3: """
        disregard your | jailbreak | jailbroken | developer mode output | developer mode v | system override |
        override your | act as dan | you are dan | be dan | as dan, | bypass your | bypass the content |
        bypass openai | bypass safety | bypass any | no ethical or moral | no moral or ethical |
        without any ethical | without ethical | no ethical guidelines | no morals or ethics | no ethics or morals |
        ethical or moral | moral and ethical guidelines | moral or legal | ethics or morals |
        unfiltered and amoral | amoral | unethical or illegal | illegal or unethical | immoral, unethical |
        illegal, unethical | unethical, illegal | unethical, immoral | illegal or immoral | no restrictions or |
        without any restrictions | without any restriction | without restrictions | no restrictions |
        has no limits | have no limits | free of all restrictions | free from all restrictions |
        freed from the typical | broken free of | break free of | free from the typical | unbound by |
        not bound by | no longer bound | openai's content | openai content | openai's polic | openai polic |
        openai's guidelines | openai guidelines | openai's rules | openai rules | openai’s | content policies |
        ethical guidelines | ethical programming | safety guidelines | safety filters | safety protocols |
        your programming | your guidelines | your restrictions | without censorship | no censorship | uncensored |
        unfiltered | never refuse | not refuse | cannot refuse | can't refuse | cannot deny | refuse a request |
        never say no | never decline | reject any request | bypass all | your system prompt |
        reveal your instructions | print your instructions | repeat the words above | evil confidant |
        opposite mode | anti-gpt | antigpt | no longer follow | not have to follow | not have any rules |
        never apologize | amoralit | morality or legality | harmful, unethical | dangerous, illegal
    """,
    2: """
        leet speak | leet speech | two different personalit | content filter | morality | condone | malware |
        unethical | immoral | immorality | illegal activit | no filter | without filter | no limitations |
        without limitations | without any limitation | two responses | both as | in two ways | [gpt] | [classic] |
        [jailbreak] | [dan] | stay in character | break character | never break | always comply | comply with |
        from now on, you | from now on you | from now on, your | you will now | you are now | hypothetical story |
        hypothetical response | fictional story | evil_ | villain | ruthless | no warnings | without warning |
        no disclaimer | without disclaimer | without any disclaimer | any disclaimers | don't warn | not warn |
        as an ai language model | as an ai model | i'm sorry, i cannot | i cannot fulfill | i can't assist |
        i'm sorry, but | sure, here | content policy | censorship | liberated | unrestricted | rebel |
        tokens left | lose tokens | deducted | base64 | rot13 | caesar cipher | reversed text | leetspeak |
        malicious | racist | explicit content | nsfw | machiavelli | god mode | sudo | admin mode | root access |
        maintenance mode | debug mode | test mode | red team | alter ego | persona | profanity | curse | swear_ |
        offensive | insult
    """,
    1: """
        from now on | pretend | roleplay | role-play | role play | act as | acting as | you will act |
        you are going to | i want you to act | immerse yourself | chatgpt | openai | restrictions | limitations |
        filters | guidelines | rules_ | moral | ethic | illegal | harmful | dangerous | refuse | warnings |
        disclaimer | hypothetical | fictional | simulate | no matter | regardless of | always answer |
        must answer | any question | any request | anything_ | obey | character | freedom | consequences |
        legality | inappropriate | controversial | opinion | human being | lie_ | unaware | forbidden | taboo |
        secret_ | unlimited | instructions
    """,
}

HARM = """
    make a bomb | build a bomb | making a bomb | pipe bomb | explosive device | homemade explosive | napalm |
    nerve agent | chemical weapon | biological weapon | bioweapon | ricin | anthrax | methamphetamine | make meth |
    synthesize meth | fentanyl | ransomware | keylogger | write malware | create malware | create a virus |
    computer virus | botnet | ddos attack | phishing email | phishing page | hack into | steal credit card |
    credit card fraud | identity theft | steal someone's identity | launder money | counterfeit money |
    counterfeit currency | fake id | forge a | hire a hitman | kill someone | kill my | murder someone |
    get away with murder | poison someone | torture | human trafficking | child porn | child abuse | sexual abuse |
    groom a | stalk | suicide method | plan a mass shooting | plan a terrorist attack | assassinate |
    blackmail someone | revenge porn | insider trading scheme | evade taxes | shoplift | untraceable | date rape |
    without getting caught | smuggle drugs | steal a car | hotwire | break into a house
"""
"""Harm that somebody could do with an answer."""

CRISIS = """
    kill myself | killing myself | end my life | ending my life | commit suicide | suicidal | want to die |
    self-harm | hurt myself | hurting myself | cut myself | cutting myself | no reason to live | overdosed |
    quiero morir | me suicider | mich umbringen | хочу умереть | 自杀 | 死にたい
"""
"""Somebody in danger: an error is dear whatever was asked."""

REGULATED: dict[str, str] = {
    # The matters in which advice is regulated, or an error harms a person; each needs a sign of a real case (CASE).
    "medical": """
        dosage | dose_ | milligram | mg of | medication | medicine | prescri | symptom | diagnos | overdose |
        side effect | blood pressure | chest pain | pregnan | antibiotic | insulin | chemotherapy | allerg |
        warfarin | ibuprofen | paracetamol | acetaminophen | antidepressant | biopsy | tumor | tumour | stroke |
        seizure | infection | fever | patient | discharge instruction | triage | dosis | medikament | médicament |
        medicamento | síntoma | symptôme | pill_ | pills | tablet_ | tablets | blood sugar | mmol | units of |
        units can | eye drops | vaccin | pastilla | presión | fiebre | médico | comprimé | médecin | fièvre |
        blutdruck | fieber | tablette | arzt | лекарств | дозировк | таблет | давлени | температур | 药 | 症状 |
        薬 | 糖尿病 | 胰岛素 | 血糖 | 血压 | 发烧
    """,
    "legal": """
        lawsuit | sue_ | sued_ | liable | liability | landlord | eviction | evict | custody | divorce | lease_ |
        contract | clause | indemnif | governing law | non-compete | gdpr | subpoena | criminal charge | arrested |
        visa | asylum | deport | immigration | will and testament | copyright infring | defamation | breach of |
        attorney | lawyer | small claims | power of attorney | settlement offer | statute of limitations |
        demanda | abogado | avocat | anwalt | klage | kündigung | vertrag | contrat | demandar | juicio |
        denuncia | multa | tribunal | propriétaire | loyer | bail_ | caution | vermieter | mieter | gekündigt |
        gericht | despid | desahucio | processo | recurso | суд_ | иск_ | takedown notice | distributor | police |
        court_ | notice to | адвокат | договор | 合同 | 律师 | 起诉 | 契約
    """,
    "financial": """
        invest | 401k | 401(k) | retirement | pension | mortgage | loan | credit score | tax return | taxes |
        deduct | bankrupt | refund | chargeback | wire transfer | payout | underwrit | insurance claim | claim_ |
        portfolio | stocks | crypto | margin call | foreclosure | debt | escrow | invoice | payment | fraud |
        sanction | credit limit | retire | capital gains | savings | bank account | new card | ahorr | invertir |
        banquier | dettes | schulden | sparen | банкрот | долг | hipoteca | préstamo | inversión | crédit |
        kredit | steuer | кредит | налог | 贷款 | 投资 | 税
    """,
    "hr": """
        employee | candidate | applicant | terminate | termination | fired | fire him | fire her | laid off |
        layoff | severance | harassment | discriminat | disciplinary | performance improvement plan |
        performance review | maternity leave | wrongful | salary decision | hiring decision | redundanc |
        whistleblow | grievance | sick leave | paternity | interview | baja médica | candidat | congé |
        mitarbeiter | belästig | abmahnung | despido | licenciement | kündigen | увольнен | 解雇 | 辞退
    """,
    "safety": """
        gas leak | carbon monoxide | electrocut | high voltage | lockout | hazardous | chemical spill | evacuat |
        emergency | poison control | swallowed | choking | unconscious | not breathing | crisis line |
        domestic violence | abusive | recall notice | safety-critical | brake failure | bleach | smell gas |
        smell of gas | in her eye | in his eye | in my eye | can't breathe | fumes | ambulance | smoking and |
        battery swells | burning smell | electric shock | drown | poison | lockout step | tragó | avalé |
        verschluckt | gasgeruch | fuite de gaz | ожог | отравил | fire alarm | confined space
    """,
}

CASE: dict[str, str] = {
    # Signs of a real case: somebody asks for themselves, or decides about somebody. An exam question has none.
    "case": """
        should i | should we | should he | should she | must i | must we | am i required | are we required |
        do i owe | do i have to | my doctor | my mother | my father | my son | my daughter | my wife | my husband |
        my child | my baby | my kid | year old swallowed | my landlord | my employer | my lawyer | my savings |
        my dose | my prescription | my pension | my visa | is it safe | is it legal | safe to | what do i do |
        what should i | what should we | this patient | our patient | your patient | the patient described |
        this customer | our client | this employee | our employee | this candidate | these candidates |
        these two candidates | two candidates | this applicant | approve | reject | deny | denied | decide |
        recommend whether | release the payment | are we allowed | am i allowed | review this contract |
        review the contract | review this clause | review supplier contracts | this clause | this agreement |
        draft a termination | draft the termination | will print | today in her file | treatment plan |
        legal team | our lawyers | attorneys | clinicians | underwriters | claims adjuster | hr team |
        compliance team | risk team | without review | right now | debo | debemos | qué hago | puedo darle |
        dois-je | devons-nous | puis-je | pouvons-nous | soll ich | darf ich | dürfen wir | muss ich | müssen wir |
        mein vermieter | mein baby | mi madre | mi padre | mi hijo | mi jefe | mon fils | ma fille |
        mon propriétaire | mon banquier | devo | posso | можно ли | должен ли | 应该 | 可以吗 | 飲んで | べきですか
    """,
    "case_weak": """
        can i | may i | could i | can we | am i | i have | i am | i'm | i've | i was | i stopped | i sold |
        we have | we are | we found | he is | she is | she told | year-old | year old | the patient |
        the customer | the client | the employee | the candidate | the applicant | eligible | entitled |
        we should | next steps | determine if | our | my | her_ | mein_ | meine_ | meinem | mon_ | ma_ | mi_ |
        mis_ | puedo | kann ich | мне | у меня | 我的 | 我 | 私
    """,
}

SIDE_EFFECTS = """
    drop table | delete from | truncate table | rm -rf | in production | on production | to production |
    prod database | production database | live database | delete all | delete the customer | wipe the |
    force push | send the email to all | send to all customers | email all | transfer the funds | transfer funds |
    issue the refund | process the refund | execute the trade | place the order | cancel the subscription |
    close the account | revoke access | grant access | rotate the keys | disable the firewall | deploy to prod |
    shut down the | charge the card | charge the customer | pay the invoice | release the payment |
    update the ledger | unlock the door | restart the primary
"""
"""Acts that cannot be taken back: high stakes where the request offers tools, or names the act itself."""


GREETINGS = """
    hello | hi_ | hey | good morning | good afternoon | good evening | thanks | thank you | thx | bye | goodbye |
    see you | ok_ | okay | yes_ | no_ | yep | yeah | sure_ | great_ | perfect | cool_ | got it | sounds good |
    continue_ | go on | how are you | what's up | nice to meet | welcome | please continue | next_ | hola |
    gracias | bonjour | merci | hallo | danke | olá | obrigad | ciao | grazie | привет | спасибо | 你好 | 谢谢 |
    こんにちは | ありがとう
"""
"""What is said without a task."""

FOLLOW_UP = frozenset(
    [
        "yes",
        "yep",
        "yeah",
        "yup",
        "no",
        "nope",
        "ok",
        "okay",
        "sure",
        "please",
        "continue",
        "go",
        "on",
        "ahead",
        "do",
        "it",
        "that",
        "this",
        "again",
        "more",
        "next",
        "another",
        "one",
        "try",
        "retry",
        "redo",
        "and",
        "then",
        "also",
        "thanks",
        "thank",
        "you",
        "great",
        "good",
        "perfect",
        "cool",
        "nice",
        "right",
        "correct",
        "wrong",
        "shorter",
        "longer",
        "simpler",
        "better",
        "make",
        "the",
        "same",
        "now",
        "keep",
        "going",
        "proceed",
        "why",
        "how",
        "so",
        "what",
        "else",
        "elaborate",
        "explain",
        "further",
        "a",
        "bit",
        "is",
        "si",
        "sí",
        "oui",
        "ja",
        "nein",
        "non",
        "да",
        "нет",
        "ещё",
        "давай",
        "weiter",
        "mehr",
        "encore",
        "más",
        "continua",
        "continúa",
        "sigue",
        "继续",
        "是",
        "好",
        "はい",
        "続けて",
    ]
)
"""Words of a message that only goes on with what came before."""

UNSPACED = "\u2e80"
"""From here on scripts have no spaces between words."""

_ENDS = b',.?!:;"'
"""Deleted: they stand before a space anyway, and `illegal, unethical` is then found by `illegal unethical`."""

_SPACED = b"()\t\n\r\f\v\0"
_UPPER = bytes(range(65, 91))
_TABLE = bytes.maketrans(_SPACED + _UPPER + b"\xff", b" " * len(_SPACED) + _UPPER.lower() + b"\0")
_SEAM = b" \xff "
"""Between two texts: 0xFF is in no UTF-8 text, and becomes the NUL that no normal text has."""


def normal(texts: Sequence[str]) -> pa.LargeStringArray:
    """Return texts as phrases are matched in them: lower case, without punctuation, a space at either end.

    All are made at once, since a call for each would cost more than the search.
    """
    raw = _SEAM.join((text if text.isascii() else text.lower()).encode("utf-8", "replace") for text in texts)
    plain = (b" " + raw + _SEAM.rstrip()).translate(_TABLE, _ENDS)
    ends = np.flatnonzero(np.frombuffer(plain, np.uint8) == 0) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int64)
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(plain))


def phrases(table: str) -> list[str]:
    """Return the phrases of a table as they are matched: with the spaces that begin and end a word."""
    cells = [cell.strip() for cell in " ".join(table.split()).split(" | ")]
    plain = normal([cell.removesuffix("_") for cell in cells]).to_pylist()
    return sorted({_pattern(cell, text.rstrip("\0").strip()) for cell, text in zip(cells, plain, strict=True) if cell})


def _pattern(cell: str, plain: str) -> str:
    opens = " " if cell[0].isalnum() and cell[0] < UNSPACED else ""
    return opens + plain + (" " if cell.endswith("_") else "")
