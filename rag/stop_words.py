"""Words that carry no meaning to search for, by language: closed classes, question words, and verbs that frame.

Data alone. A word that stands everywhere weighs little anyway; what needs naming is what people put in
questions and documents do not say, above all the question words. Languages are ISO 639-1 codes.
"""

from __future__ import annotations

# "may" and "us" are left out of English: in lower case they may be a month and a country.
_LISTS = {
    "en": """
    a about above after again against all also am an and any are as at be because been before being below between
    both but by can could did do does doing down during each few for from further had has have having he her here
    hers herself him himself his how i if in into is it its itself just me more most much many my myself no nor not
    now of off on once only or other our ours out over own same she should so some such than that the their theirs
    them themselves then there these they this those through to too under until up upon very was we were what when
    where which while who whom whose why will with would you your yours might must shall per via within without yet
    however although though s t d ll m re ve tell say says said please describe explain""",
    "de": """
    aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da damit dann
    das dass dein deine dem den denn der des die dies diese diesem diesen dieser dieses doch dort du durch ein eine
    einem einen einer eines er es etwa euch euer für gegen gibt hat hatte hatten hier hinter ich ihm ihn ihnen ihr
    ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jedoch kann können konnte man mehr mein
    meine mich mir mit muss nach nicht noch nun nur ob oder ohne sehr seid sein seine seinem seinen seiner sich sie
    sind so soll sollte über um und uns unser unter viel viele vielen vom von vor wann war waren warum was weil
    welche welchem welchen welcher welches wem wen wenn wer werden weshalb wessen wie wieso wieviel wieviele wird
    wir wo wobei wodurch wofür woher wohin womit woran worauf woraus worin worüber wovon wozu wurde wurden würde zu
    zum zur zwischen worden heisst nenne beschreibe erkläre""",
    "es": """
    a al algo algún alguna algunas alguno algunos ante antes aquel aquella así aún aunque bajo bien cada como cómo
    con contra cual cuál cuales cuáles cualquier cuando cuándo cuanta cuánta cuantas cuántas cuanto cuánto cuantos
    cuántos de del desde donde dónde adónde durante e el él ella ellas ellos en entre era eran es esa esas ese eso
    esos esta está están estaba estas este esto estos estuvo fue fueron ha había habían han hasta hay hubo la las le
    les lo los más me mi mis muy nada ni no nos nosotros o os otra otras otro otros para pero poco por porque pues
    puede pueden que qué quien quién quienes quiénes se según ser si sí sido sin sobre son su sus suya suyo también
    tal tan tanto te tiene tienen tenía toda todas todo todos tras tu tus u un una unas uno unos y ya yo describe
    explica""",
    "fr": """
    a à ai ainsi alors as au aucun aucune aussi autre autres aux avait avaient avant avec avez avoir c ça car ce
    ceci cela celle celles celui ces cet cette ceux chaque chez comme comment d dans de depuis des donc dont du elle
    elles en encore entre es est et étaient était été être eu eux fait font fut il ils j je l la laquelle le lequel
    les lesquelles lesquels leur leurs lors lui m ma mais me même mes moins mon n ne ni nos notre nous on ont or ou
    où par parce pas pendant peu peut peuvent plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s
    sa sans se selon sera ses si son sont sous sur t ta te tes toi ton tous tout toute toutes très tu un une vers
    vos votre vous y combien décrivez expliquez""",
    "it": """
    a ad agli ai al alla alle allo altra altre altri altro anche ancora c che chi ci ciò come con contro cosa cui d
    da dagli dai dal dalla dalle dallo degli dei del dell della delle dello di dopo dov dove e è ed era erano essere
    fa fino fra fu furono gli ha hai hanno ho i il in io l la le lei li lo loro lui ma me mi mia mio molto ne negli
    nei nel nella nelle nello nessun noi non nostro o ogni oppure per perché però più poi può qual quale quali
    qualche quando quanta quante quanti quanto quella quelle quelli quello questa queste questi questo qui s sa se
    sei senza si sia siamo sono sopra sotto stata stati stato su sua sue sugli sui sul sulla sulle sullo suo suoi
    tra tu tutta tutte tutti tutto un una uno vi voi""",
    "pt": """
    a à ao aos aquela aquele aquilo as às até cada com como contra da das de dela dele deles depois desde do dos e é
    ela elas ele eles em entre era eram essa essas esse esses esta está estão estas este estes eu foi foram há isso
    isto já la lhe lhes lo mais mas me mesmo meu minha muito na nas nem no nos nós não o onde os ou para pela pelas
    pelo pelos por porque porquê qual quais qualquer quando quanta quantas quanto quantos que quê quem são se seja
    sem ser seu seus só sob sobre sua suas também tem têm tinha toda todas todo todos tu tua um uma umas uns você
    vocês""",
    "nl": """
    aan af al alle als bij dan dat de deze die dit doen door dus een en er gaat had hadden heb hebben heeft het hij
    hoe hoeveel hoelang hun ik in is ja je jij kan kon kunnen maar me meer men met mij mijn moet na naar naast niet
    nog nu of om omdat onder ons onze ook op over sinds te tegen ten ter toch toen tot tussen u uit uw van vaak
    vanaf veel voor waar waarom waarin waarmee waarvan waren was wat we wel welk welke werd werden wie wiens wij
    worden wordt wanneer ze zich zij zijn zo zou zoals zonder zou zouden""",
    "ru": """
    а без более бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для до его ее её если
    есть еще ещё же за зачем и из или им их к как какая какие каким каких какого какое какой каком какую когда кем
    ко кого кому которая которого которое которой которую которые который которых кто куда ли либо мне много может
    мой мы на над надо нам нас не него нее неё нет ни них но ну о об один одна он она они оно от откуда по под
    почему при про с сам свой свои себя сколько со так также такой там те тебя тем то того тоже той только том тот
    ты у уже чего чей чем через что чтобы чья эта эти это этого этой этом этот эту я""",
    "sv": """
    alla att av bara blev bli blir både de dem den denna deras dess det detta dig din du där då efter ej eller en er
    ett från för genom ha hade han har hans henne hennes hon honom hur här i icke inom inte ja jag kan kunde man med
    mellan men mer mig min mot mycket många ni nu när någon något några och om oss på samma sedan sig sin sina sitt
    skulle som så till under upp ut utan vad var vara varför varit varje vars vart vem vems vi vid vilka vilken
    vilket vår är än åt över""",
    "da": """
    af alle andre at blev blive bliver da de dem den denne der deres det dette dig din du efter eller en end er et
    for fra få gennem ham han hans har havde hende hendes her hun hvad hvem hver hvilke hvilken hvilket hvis hvor
    hvordan hvorfor hvornår i ikke ind ja jeg jer kan kunne man mange med meget mellem men mere mig min mod ned
    nogle nogen noget nu når og også om op os over på sig sin sine som til ud uden under var ved vi vil være været""",
    "no": """
    alle andre at av ble bli blir da de deg dem den denne der deres det dette du eller en enn er et etter for fra få
    gjennom ham han hans har hadde hun hva hvem hver hvilke hvilken hvilket hvis hvor hvordan hvorfor når i ikke inn
    jeg kan kunne man mange med meg mellom men mer min mot mye ned noe noen nå og også om opp oss over på seg sin
    sine som til ut uten under var ved vi vil være vært""",
    "pl": """
    a albo ale bez bo był była było były być ci co czego czemu czy czyj czyja czym dla do gdy gdzie go i ich ile im
    ich ją jak jaka jaki jakich jakie jakiego jakiej jakim jako je jego jej jest już kiedy kim kogo komu kto która
    które którego której który których lub ma między mnie może mu na nad nie niż o od on ona oni ono oraz po pod
    podczas ponieważ przed przez przy są się skąd ta tak także tam te tego tej ten to tu tych tylko tym w we według
    więc z za ze został została zostały że dlaczego""",
    "tr": """
    acaba ama ancak aslında bana bazı ben beni bir biri biz bu buna bunlar bunu bunun böyle çok çünkü da daha de
    defa değil diye dolayı en gibi göre hangi hangisi hem hep her hiç için ile ise kaç kadar kendi ki kim kime kimi
    kimin mi mı mu mü mıdır midir müdür mudur nasıl ne neden nedir neler nerede nereden nereye nereli niçin niye o
    olan olarak oldu olduğu olur on ona onlar onu onun sen siz sonra şey şu tarafından tüm var ve veya ya yani yok
    zaman""",
}
STOP_WORDS_OF = {language: frozenset(listed.split()) for language, listed in _LISTS.items()}

# Languages written without spaces (and Korean, whose particles stick to words): what is cut out of a question.
QUESTION_WORDS_OF = {
    "zh": """
    为什么 為什麼 是什么 是什麼 什么时候 什麼時候 什么样 什么 什麼 多少 哪一个 哪一個 哪些 哪个 哪個
    哪里 哪裡 哪一 哪种 哪年 哪位 哪 怎么样 怎么 怎麼 怎样 怎樣 如何 何时 何時 何地 为何 為何 是谁
    是誰 谁 誰 吗 嗎 呢 请问 請問 几个 幾個 了 的""",
    "ja": """
    どのような どのように どのくらい どれくらい どれだけ どうして どうやって どちら どんな どの どれ どこ
    いつ いくつ いくら なぜ 何ですか なんですか ですか ますか でしたか ましたか でしょうか のか 何人
    何年 何度 何回 何が 何を 何 誰が 誰 だれ 教えてください とは という""",
    "ko": """
    무엇입니까 무엇인가요 무엇을 무엇이 무엇 누구입니까 누구인가요 누구 어디입니까 어디에서 어디에 어디
    언제 왜 어떻게 얼마나 얼마 어느 어떤 몇 입니까 인가요 습니까 나요""",
    "th": """
    อะไรบ้าง อะไร ที่ไหน เมื่อไหร่ เมื่อใด เท่าไหร่ เท่าไร
    เท่าใด อย่างไร ยังไง ทำไม เพราะเหตุใด ใคร แห่งใด ข้อใด
    ใด ไหน กี่ หรือไม่ คือ ไหม""",
}
