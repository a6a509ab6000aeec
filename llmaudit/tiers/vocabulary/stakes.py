"""Words that indicate what is at stake: attacks, harm, danger, regulated advice, irreversible acts."""

from __future__ import annotations

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
"""Somebody in danger: an error is expensive whatever was asked."""

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
