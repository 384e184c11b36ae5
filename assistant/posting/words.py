"""The words a posting is read by: headings, verbs of work, marks of what is asked, names of tools.

Lists only; what is done with them stands in the other files of this room.
"""

from __future__ import annotations

import re


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set: how the lists of this room are written."""
    return frozenset(text.split())


# --- headings, tried in order on the folded heading (lower case, words and spaces) -----------------------------------
# STRICT: the whole line is one of these, so it may stand unmarked. LOOSE: only for a line that is set off as a heading, or one that
# begins with "what", "who", "how" or "why".

_SOFT = r"(?:(?:the|our|your|some|other|also|and|skills?|qualifications?|experience|requirements?|education|knowledge|strongly|highly|additional|preferred|desired|desirable|optional|bonus|competenc(?:y|ies)|attributes|criteria|points?|technical|but|not|required|nice|to|have|haves|extra|if|you|for|would|be|a|plus|pluses|considered|of|job|things|stuff)\s?)"
_HARD = r"(?:(?:the|our|your|all|general|candidate|applicant|job|position|role|minimum|min|basic|required|key|core|essential|mandatory|professional|technical|work|education|educational|academic|specific|main|hard|absolute|person|and|other|or|relevant|previous|for|this|skills?|experience|knowledge|training|needed|we|you|need|ll|success|successful|ideal|certifications?|licen[sc]es?|credentials|background|abilities|expertise|competenc(?:y|ies)|qualifications?|requirements?|prerequisites|must|haves?|have|criteria|profile|eligibility|attributes|specification|tech|are|required|in|of|to|apply)\s?)"
_DUTIES = r"(?:(?:the|your|our|key|main|core|primary|principal|essential|major|general|day|to|daily|job|role|position|specific|typical|overall|other|some|of|a|few|duties|and|roles|tasks|in|for|this|include|includes|are|is|will|be|responsibilit(?:y|ies)|accountabilit(?:y|ies)|functions?|deliverables|objectives|expectations|activities|scope|impact|mission|contributions?|work|as|listed|following|the)\s?)"

_STRICT: tuple[tuple[str, str], ...] = (
    (
        "preferred",
        rf"(?:nice|good|great) (?:to )?haves?|{_SOFT}*\b(?:preferred|desired|desirable|optional|bonus|pluses|plus|extra credit|nice to haves?|additional (?:qualifications|skills|experience|requirements))\b\s?{_SOFT}*|bonus points|extra credit|even better|additional skills|advantageous|(?:it s |it is |also |even )*(?:a )?(?:plus|bonus|nice|great|better)(?: if)?(?: you)?(?: have)?|pluspunkte|wish list|brownie points",
    ),
    (
        "skip",
        r"(?:(?:the |our |your |employee |company |job )*(?:benefits?|perks?|compensation|salary|remuneration|rewards?|pay)(?: (?:and|range|package|benefits?|perks?|salary|transparency|rate|information|details|compensation|rewards?|disclosure|pay))*)|(?:what|why) (?:do |can )?we (?:can )?offer(?: you)?|what(?: do)? you get|we offer(?: you)?|our offer|in return|what s in it for you|what you (?:ll |will )?(?:get|receive|can expect)(?: from us)?|why you ll love .{0,30}"
        r"|(?:(?:an? )?equal (?:employment )?opportunit(?:y|ies)(?: employer)?(?: statement)?|eeo(?: statement)?|eoe|diversity(?: and inclusion)?|diversity equity and inclusion|inclusion|accommodations?|privacy(?: notice| policy)?|disclaimer|legal(?: notice)?)"
        r"|(?:how to apply|to apply|apply(?: now| here)?|application(?: process| instructions| deadline)?|(?:our |the )?(?:interview|hiring|recruit(?:ment|ing)|selection) (?:process|steps)|next steps|contact(?: us| information| details)?)"
        r"|(?:job|position|role) (?:details|information|info|id|facts|type|reference|location)|additional information|department|category|posted|locations?|schedule|work (?:schedule|location)|visit website|closing date|similar jobs|share this job|report this job|seniority level|employment type|industries|physical (?:demands|requirements)|work(?:ing)? (?:environment|conditions)|our values|hours",
    ),
    (
        "about",
        r"about (?:us|(?:the |our )?(?:company|team|organi[sz]ation|business|firm|group|department|employer|clinic|school|hospital|studio|practice|product|project))|who we are|what we do|our (?:mission|vision|culture|story|company|team|product|history)|the (?:company|team|organi[sz]ation|product|business)"
        r"|(?:company|team|business) (?:overview|description|profile|summary|background)|why (?:join )?us|company|meet the team|why join us",
    ),
    (
        "mixed",
        r"(?:about (?:the |this |your )?(?:role|job|position|opportunity|internship|work|vacancy|assignment)|(?:the |this |your )?(?:role|job|position|opportunity|vacancy|challenge)|(?:job|role|position|executive|general|brief|full)? ?(?:description|summary|overview|purpose|introduction|brief|posting)(?: of the .{0,20})?|(?:job|role|position) profile|purpose of (?:the )?(?:role|job|position)|the details|full job description|in short|in a nutshell|the opportunity)",
    ),
    (
        "skill",
        r"(?:required|technical|key|core|hard|soft|main|essential|mandatory|relevant|must have|necessary|top|primary|your|job|professional|digital)? ?(?:technical |tech )?skills?(?: (?:required|needed|and (?:tools|technologies|competenc\w+)|set|list|summary|stack|keywords|tags))?|skillset"
        r"|(?:our |the |your )?(?:current )?(?:tech(?:nology|nical)? stack|tools? stack|stack)|(?:our |the |core |key )?(?:technologies|tools|tooling|tech)(?: (?:we use|you ll use|used|you will use|and tools|and technologies))?|tools and technologies|keywords?|tags|(?:core |key )?competenc(?:y|ies)",
    ),
    (
        "qualification",
        rf"{_HARD}*\b(?:requirements?|qualifications?|prerequisites|must haves?|criteria|credentials|background|experience|education|expertise|knowledge|specification|profile|eligibility|abilities|competenc(?:y|ies)|skills)\b\s?{_HARD}*"
        r"|about you(?:rself)?|who (?:you are|are you|we re looking for|we are looking for)|(?:the |our )?(?:ideal|successful|right|perfect) (?:candidate|person|applicant|profile|fit|hire)|you|you (?:have|bring|are|know|need|must have|should have|possess|ll have|ll need|ll bring|will have|will need|will bring|ve got)|what it takes|must|musts|essentials?|required|mandatory|basics|we (?:need|expect|require|want|seek)|your fit|looking for|we re looking for|we are looking for",
    ),
    (
        "responsibility",
        rf"{_DUTIES}*\b(?:responsibilit(?:y|ies)|duties|accountabilit(?:y|ies)|tasks|functions|deliverables|objectives|activities|impact|mission)\b\s?{_DUTIES}*"
        r"|(?:in |on )?(?:this|your|the) (?:role|job|position) (?:you (?:ll|will)|involves|includes)|you (?:ll|will)|(?:a )?(?:typical )?day (?:to day|in the life)(?: .{0,20})?|a typical (?:day|week)|day to day|your day|your (?:job|work|days|week)|responsible for|essential functions|scope of work|the work|job functions?|you do|what you ll do",
    ),
)
_LOOSE: tuple[tuple[str, str], ...] = (
    (
        "preferred",
        r".{0,40}\b(?:preferred|desired|desirable|bonus|optional|advantageous|extra credit|nice to have|good to have|would be nice|a plus|not essential|not required but)\b.{0,40}|(?:it would be (?:great|nice|good)|it helps|icing on the cake|you ll stand out|what would set you apart|what sets you apart|ways to stand out)\b.{0,40}",
    ),
    (
        "skip",
        r".{0,30}\b(?:benefits?|perks?|compensation|salary|remuneration|equal opportunit\w+|diversity|accommodations?)\b.{0,40}|(?:what|why) (?:we|you ll|you will|you|s) ?(?:can )?(?:offer|get|enjoy|receive|love|in it for you)\b.{0,30}|(?:how|where|ready) (?:to|do i|do you) apply.{0,20}|(?:referrals|notice|fraud)\b.{0,40}|in return.{0,30}",
    ),
    (
        "about",
        r"(?:why (?:join|work|choose)|life at|meet|about our|a (?:bit|little) about us)\b.{0,40}|who (?:we are|are we)\b.{0,20}|what we (?:do|build|believe|are building)\b.{0,20}",
    ),
    (
        "qualification",
        r"(?:what|who|things|the person|the kind of person|someone|people) (?:we|you|we re|you re|you ll|you will|you should|you must|we are|it|will|d|do|would)\b.{0,25}\b(?:looking for|look for|need|bring|have|are|takes|love to see|like to see|possess|want|seek|expect|know|require|value)\b.{0,40}"
        r"|(?:about )?(?:the |our )?(?:ideal|successful|right|perfect) (?:candidate|person|applicant|fit|hire)\b.{0,40}|(?:you|we|this|is this|does this|sounds? like|apply if|to|in order to)\b.{0,40}\b(?:looking for|have|bring|fit|for you if|like you|must|considered|succeed|successful|qualify|thrive|good match|great match|hear from you|expect)\b.{0,40}"
        r"|you (?:have|bring|are|know|need|must|should|possess|can|ve)\b.{0,25}|skills and .{0,30}|.{0,30}\b(?:requirements?|qualifications?|prerequisites)\b.{0,30}|what makes you .{0,30}|what counts for us|knowledge .{0,30}",
    ),
    (
        "responsibility",
        r"(?:here s |here is |this is )?(?:what|how|where|things|some of the things) (?:you|you ll|you will|you d|you would|you re|the job|the role|this role|will you|we need you|we want you|s involved|your)\b.{0,15}\b(?:do|doing|work|working|own|build|drive|lead|make|be|involves|impact|contribute|achieve|deliver|accomplish|responsible|help|day|tackle|spend|add)\b.{0,40}"
        r"|(?:in|on|with|as|within|during|together)\b.{0,60}\byou(?: ll| will| d| would| get)?\b.{0,30}|in your (?:first|role|day|new).{0,40}|your (?:first|role|day|challenge|mission|next)\b.{0,30}|(?:your|the) (?:role|job|position|week|day)\b.{0,30}|you (?:ll|will|would|get to|are going to)\b.{0,30}|(?:he|she|they|the (?:incumbent|candidate|successful candidate|employee|person|post holder|hire)) will.{0,20}|.{0,30}\b(?:responsibilit(?:y|ies)|duties|accountabilit(?:y|ies)|tasks)\b.{0,30}|what the (?:job|role) (?:involves|is|entails).{0,20}",
    ),
)
STRICT_HEADINGS = tuple((role, re.compile(pattern)) for role, pattern in _STRICT)
LOOSE_HEADINGS = tuple((role, re.compile(pattern)) for role, pattern in _LOOSE)

# --- what a sentence outside a known section is about ----------------------------------------------------------------

BENEFIT = re.compile(
    r"\b(?:401\s?\(?k|health (?:insurance|care|plan)|dental|vision (?:insurance|care|plan)|medical (?:insurance|cover|plan)|paid (?:time|leave|holiday|vacation|parental)|parental leave|pto\b|vacation days|days (?:of )?(?:vacation|leave|holiday|off)|"
    r"holiday allowance|stock options|equity (?:grant|package)|pension (?:scheme|plan|contribution)|gym|free (?:lunch|coffee|snacks|fruit)|wellness|stipend|learning budget|training budget|bonus scheme|annual bonus|sick leave|life insurance|"
    r"company car|commuter|tuition|we offer|competitive (?:salary|pay|compensation)|flexible (?:hours|working hours)|relocation (?:package|support|assistance))\b",
    re.IGNORECASE,
)
NOT_ASKED = re.compile(
    r"\b(?:you|we|candidates?) (?:don['’]t|do not) (?:need|require|expect|have to|care)\b|\bno (?:degree|experience|\w+ experience) (?:is )?(?:needed|required|necessary)\b",
    re.IGNORECASE,
)
PAY_LINE = re.compile(
    r"^\W*(?:(?:the |base |annual |starting )*(?:salary|pay|compensation|wage|rate|package)(?: range)?\b|(?:[A-Z]{3}\s*)?[$€£¥₹]\s*\d|\d[\d.,\s]*[kK]?\s*(?:€|£|EUR|USD|GBP))",
    re.IGNORECASE,
)
BOILERPLATE = re.compile(
    r"\b(?:equal[- ]opportunity|equal employment|without regard to|regardless of (?:race|gender|age)|reasonable accommodations?|protected veteran|all qualified applicants|background checks? (?:will|are)|to apply|apply (?:now|today|by|via|here|with|online|through)|"
    r"send (?:us )?(?:your|a|an) (?:cv|resume|résumé|application|cover)|your (?:cv|resume|résumé|application)|click|e-?mail us|privacy (?:policy|notice)|cookies?|recruitment agenc|we (?:encourage|welcome) (?:you|applications|candidates|people)|©|all rights reserved)",
    re.IGNORECASE,
)
TO_A_MACHINE = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|all|other|your|any)\b.{0,30}\b(?:instructions?|prompts?|rules|guidelines|context|messages?)\b"
    r"|\bsystem prompt\b|\b(?:as|if you are|you are|you're) an? (?:ai|llm|(?:large )?language model|assistant|chat ?bot)\b|\b(?:ai|llm|language model|assistant|chatgpt|grader|scorer)s?\b.{0,20}\b(?:must|should|will|shall|reading this|note)\b.{0,60}\b(?:output|respond|reply|rate|score|grade|mark|say|recommend|answer|include|mention|print|rank|give)\b"
    r"|\b(?:give|award|assign|return|output)\b.{0,30}\b(?:full marks|top (?:score|band|grade|marks)|highest (?:score|rating|band)|perfect score|10/10|4/4|100%)",
    re.IGNORECASE,
)
DUTY = re.compile(
    r"\b(?:you|candidate|applicant|incumbent|post ?holder|hire|engineer|scientist|manager|analyst|role|position|teacher|nurse|person)(?:['’]ll|\s+will|\s+would|['’]d|\s+(?:is|are) expected to|\s+shall|\s+get to)\b(?!\s+(?:receive|get\b(?!\s+to)|enjoy|earn|be (?:paid|eligible|offered|based|given|rewarded)|have access|benefit|love|join us|find|not\b))"
    r"|\bresponsible for\b|\bin charge of\b|\byour (?:job|mission|tasks?|work|main task|days?|focus) (?:is|are|will|includes?|involves?)\b|\b(?:role|job|position|work) (?:involves|includes|entails|consists of|covers|is about|means)\b|\bwe (?:need|want|expect|ask|would like|are looking for) (?:you|someone|somebody|a person|people|an? [\w\s-]{3,40}?) to\b|\b(?:duties|responsibilities|tasks) (?:include|are|will)\b",
    re.IGNORECASE,
)
NEED = re.compile(
    r"\b(?:experience|experienced|(?:\d+|two|three|four|five|six|seven|eight|ten)\+?\s*(?:-|–|to)?\s*\d*\+?\s*(?:years?|yrs?)\b.{0,40}|proficien\w+|familiar(?:ity)?|knowledge of|knowledgeable|working knowledge|understanding of|degree|bachelor\w*|master['’]s|ph\.?d|diploma|fluen(?:t|cy)|skilled|expertise|expert in|ability to|able to|"
    r"comfortable (?:with|in|working)|must have|must be|is required|are required|required|you (?:have|bring|know|need|understand|should|must|are (?:an?|comfortable|able|good|strong|passionate|curious|fluent|willing|used)|can|hold|possess|love|enjoy|care)|you['’](?:ve|re (?:an?|comfortable|able|good|strong|passionate|curious|fluent|familiar|experienced))|track record|"
    r"background in|looking for (?:someone|somebody|a person|people) (?:who|with)|someone (?:who|with)|the (?:ideal|successful|right) (?:candidate|person) (?:has|have|is|will have|brings)|hands[- ]on|strong (?:\w+ ){0,3}skills|excellent (?:\w+ ){0,3}skills|good (?:\w+ ){0,2}skills|ideally|is a (?:big |strong |real )?(?:plus|bonus|must)|"
    r"certif(?:ied|ication)|licen[sc]ed?|grasp of|command of|passion for|eye for|proven)\b",
    re.IGNORECASE,
)
OPTIONAL = re.compile(
    r"\b(?:nice[- ]to[- ]haves?|good[- ]to[- ]have|preferred|preferably|prefer\b|(?:is|are|be|as|also|considered) an? (?:\w+ )?(?:plus|bonus|advantage|asset)|a (?:big |strong |huge |definite |real )?(?:plus|bonus)\b|bonus points?|bonus\s*(?:if|for|:)|ideally|desirable|desired|advantageous|an advantage|an asset|would be (?:great|nice|ideal|good|helpful|a|an)|"
    r"not (?:strictly )?(?:required|essential|necessary|mandatory)|optional(?:ly)?|beneficial|(?:is|are) (?:welcome|helpful|valued)|extra credit|can count|we['’]d love|even better|pluses)\b|\(plus\)|\bplus\s*$|\+\s*$",
    re.IGNORECASE,
)
MUST = re.compile(r"\b(?:required|must|essential|mandatory|need(?:ed)?)\b", re.IGNORECASE)

# --- what cannot be asked about --------------------------------------------------------------------------------------

NUMBER = r"(?:\d{1,2}(?:\.\d)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|several|multiple|many)"
YEARS = re.compile(
    rf"(?:(?:at least|a minimum of|minimum(?: of)?|min\.?|over|more than|around|about|approx\.?|approximately|~|≥|>)\s*)?{NUMBER}\s*\+?\s*(?:(?:-|–|—|to|or)\s*(?:{NUMBER}|more)\s*\+?\s*)?(?:\(\d{{1,2}}\+?\)\s*)?\+?\s*(?:or more\s+)?(?:years?|yrs?|yoe)\b\.?[’']?"
    r"(?:\s*\([^()]{0,20}\))?(?:\s+of)?(?:\s+(?:full[- ]time|professional|relevant|related|hands[- ]on|industry|industrial|work(?=\s+exp)|working(?=\s+exp)|practical|progressive(?:ly responsible)?|solid|proven|post[- ]\w+|commercial|direct|recent|combined|applied|prior|previous|real[- ]world|demonstrated|overall|total|equivalent|similar|on the job|technical|teaching|clinical|sales|leadership|management|engineering|field|academic)){0,3}(?:\s+(?:work\s+)?(?:experience|exp\b\.?))?",
    re.IGNORECASE,
)
AFTER_YEARS = re.compile(
    r"\s*(?:,?\s*(?:in|with|of|using|on|as|at|within|across|:|-|–|doing|working (?:in|with|on|as|at|for)|who|leading to|including)\b\s*|:\s*|,\s*)?",
    re.IGNORECASE,
)
NOT_A_SUBJECT = re.compile(
    r"^(?:an?\s+|the\s+|in\s+|as\s+|at\s+|of\s+|for\s+)*(?:(?:similar|related|relevant|comparable|equivalent|same|like|this|professional|senior|corporate|fast[- ]paced|industry|previous)\s+){1,4}(?:roles?|fields?|positions?|industry|environments?|capacity|settings?|area|discipline|experience|work|jobs?)?(?:\s*\(.{0,40}\))?$|^(?:industry|experience|work|preferred|required|plus|more|or more|is a (?:plus|must)|a plus|the industry|role|post[- ]\w+)\W*$",
    re.IGNORECASE,
)
DEGREE = re.compile(
    r"\b(?:bachelor(?:['’]?s)?|master(?:['’]s|s)(?!\s+(?:of|in)\s+(?:the|chaos))|ph\.?\s?d\b\.?|doctorate|doctoral|b\.?sc?\b\.?(?=\W)|m\.?sc\b\.?|b\.s\b\.?|m\.s\b\.?|bs/ms|ms/phd|b\.?eng|m\.?eng|mba\b|university degree|college degree|(?:advanced|graduate|technical|undergraduate|relevant|completed|engineering|law|nursing|higher|academic|associate['’]?s?|four[- ]year|4[- ]year|science|quantitative|first) degree|degree in|degree or|a degree|degree\b|diploma|ged\b|high[- ]school|secondary school|leaving certificate|apprenticeship|equivalent practical experience|abitur)",
    re.IGNORECASE,
)
STATED = re.compile(
    r"\b(?:authori[sz](?:ed|ation) to work|work (?:authori[sz]ation|permit|visa)|right to work|eligib(?:le|ility) to work|legally|visa|sponsorship|citizen(?:ship)?|security clearance|clearance|willing(?:ness)? to (?:travel|relocate|work (?:on-?site|from|evenings|weekends|shifts|nights))|able to travel|travel (?:up to|required|approximately|\d)|ability to travel|up to \d+% travel|\d+% travel|relocat\w+|(?:based|located|living|reside|residing|live) (?:in|within|near|at)\b|commut\w+|"
    r"on-?site|in[- ](?:the )?office|hybrid (?:work|role|position|\d)|days? (?:a|per) week|time ?zones?|driver['’]?s?['’]? licen[sc]e|driving licen[sc]e|background check|drug (?:test|screen)|lift(?:ing)? (?:up to )?\d+|over 18|at least \d\d years old|(?:registered|licen[sc]ed) (?:nurse|as)|nursing licen[sc]e|rn licen[sc]e|state licen[sc]e|valid (?:\w+ ){0,3}(?:licen[sc]e|certificat\w+|registration|permit)|(?:nmc|gmc|hcpc|professional|state|current|valid|active) (?:\w+ )?registration|registration (?:as|with)|(?:shift|weekend|night|evening)s? (?:work|availability|shifts)|available (?:on |for )?(?:weekends|evenings|nights|shifts)|"
    r"certificat(?:e|es|ion|ions)\b|(?:aws|azure|google|cisco|microsoft|pmp|cpa|acca|cfa|fully|board)[\w ]{0,20} (?:certified|chartered|qualified)|qualified teacher|\bqts\b|salary|pay range|compensation|per annum|start date|full[- ]time (?:position|role)|hours (?:a|per) week)\b",
    re.IGNORECASE,
)

# --- verbs of work ---------------------------------------------------------------------------------------------------

VERBS = word_set("""
accelerate achieve act adapt address administer advance advise advocate align allocate analyse analyze answer anticipate apply appoint approve architect arrange articulate assemble assess assign assist assure attend attract audit author automate
balance be benchmark bring brainstorm bridge brief budget build calculate calibrate care carry catalogue champion chair challenge check choose clarify clean cleanse close coach code collaborate collect combine communicate compare compile complete comply compose conceive conduct configure consolidate construct consult contribute control convert convey cook coordinate counsel craft create critique cultivate curate customise customize
debug decide define delegate deliver demonstrate deploy derive design detect determine develop devise diagnose direct discover discuss dispense distil distill document draft draw drive earn edit educate effect elaborate elevate elicit embed empower enable encourage enforce engage engineer enhance enrich ensure escalate establish estimate evaluate evangelise evangelize evolve examine execute exercise expand experiment explain explore express extend extract
facilitate file finalise finalize find fix follow forecast form formulate foster gain gather generate give govern greet ground grow guide handle harden help hire host identify illustrate implement improve increase influence inform ingest initiate innovate inspect inspire install instruct instrument integrate interact interface interpret interview introduce invent invest investigate iterate join judge justify keep know launch lay lead learn leverage liaise listen log look
maintain make manage map market maximise maximize measure mentor merge migrate minimise minimize mitigate model moderate modernise modernize modify monitor motivate move negotiate nurture obtain offer onboard open operate operationalise operationalize optimise optimize orchestrate order organise organize oversee own package participate partner perform pilot pioneer plan platform play present prepare prevent price prioritise prioritize process procure produce program programme project promote propose protect prototype prove provide publish pull push pursue
raise rank reach read recommend reconcile record recruit reduce refactor refine reinforce release remove report represent reproduce research resolve respond restructure review revise rework roll run safeguard scale schedule scope scout screen secure seek select sell serve set shape share ship show simplify simulate solve source spearhead specify spread stand standardise standardize start stay steer stock store streamline strengthen structure study summarise summarize supervise supply support surface survey sustain synthesise synthesize tackle tailor take teach test think track train transform translate treat troubleshoot tune turn uncover understand unify update upgrade upload use utilise utilize validate verify visualise visualize volunteer walk welcome work write
abide absorb accept accompany account acquire admit agree alert allow announce annotate appraise argue ask assert assume attach avoid award become begin bid bill block bond book borrow break broaden broker buy call cancel cause certify change charge chart chase circulate cite claim classify clear clone collate come command commission commit complement concentrate confirm connect consider contact contain contest continue contract count cover cross cut deal decrease deepen defend defer delight deny depend deputise describe deserve destroy differ disclose display dispose distribute divide double drop duplicate ease eliminate email emulate enjoy enlist enrol enroll enter entertain enumerate equip estimate etch exceed exchange exclude exhibit exit expect expedite expose factor fight fill film finance finish fire fit flag flip forge forward foresee forge fulfil fulfill fund fuse gauge get go graduate grant guarantee guard halve hand heal hear heat hold honour honor hunt hypothesise hypothesize inherit insert insist insure intend intervene inventory invite invoice isolate issue itemise keep-up kick label land let liberate license lift light like limit link list litigate live loan locate lock lose love lower mail  meet mend mix mobilise mobilize mount name need notice notify object observe occupy offset orient originate outline outperform overcome overhaul paint pass pay permit persuade phase pick pitch place point polish pool post practise practice praise predict prefer preserve preside press pretend proceed process proclaim proofread propagate prospect quantify query question quote react realise realize rebuild receive reclaim recognise recognize reconcile recover recycle redesign refer reflect refresh refuse regulate rehearse reject relate relay rely remain remediate remember remind render renew rent replace reply request require rescue reserve reset reshape respect rest restore retain retire retrain retrieve return reuse reveal reward rewrite ride rotate route rule sample satisfy save say search segment send separate settle sketch slice sort span speak spend split sponsor spot stage state stop study submit succeed suggest sum suspend swap switch sync talk target taste tend tie top touch tour trace trade treat trim trouble-shoot trust try turn tutor type uphold urge vary vet visit vote wait want warn wash watch weigh widen win withdraw wrap yield
administer assess bathe bake clean cook deliver dispense drive feed grade greet inspect load operate pack plate prep repair sanitise sanitize sew supervise weld wire
""")
# Words in -ing that name a field or a thing more often than an action.
ING_NOUNS = frozenset(
    [
        "training",
        "monitoring",
        "testing",
        "streaming",
        "serving",
        "engineering",
        "modeling",
        "modelling",
        "learning",
        "marketing",
        "accounting",
        "processing",
        "reporting",
        "planning",
        "banking",
        "pricing",
        "manufacturing",
        "pipelining",
        "computing",
        "networking",
        "programming",
        "messaging",
        "caching",
        "logging",
        "scheduling",
        "sampling",
        "ranking",
        "clustering",
        "scoring",
        "forecasting",
        "underwriting",
        "lending",
        "billing",
        "branding",
        "budgeting",
        "coaching",
        "mentoring",
        "onboarding",
        "recruiting",
        "sourcing",
        "tooling",
        "indexing",
        "embedding",
        "labeling",
        "labelling",
        "screening",
        "bookkeeping",
        "purchasing",
        "invoicing",
        "scripting",
        "debugging",
        "profiling",
        "tracing",
        "alerting",
        "tuning",
        "prototyping",
        "writing",
        "reading",
        "speaking",
        "listening",
        "teaching",
        "nursing",
        "wound-dressing",
        "catering",
        "housekeeping",
        "merchandising",
        "storytelling",
        "benchmarking",
        "versioning",
        "packaging",
        "packing",
        "shipping",
        "fundraising",
        "negotiating",
        "welding",
        "computing",
        "hosting",
        "editing",
        "cooking",
        "baking",
        "drawing",
        "sequencing",
        "imaging",
        "staffing",
        "finding",
        "findings",
        "meeting",
        "building",
        "setting",
        "settings",
        "offering",
        "ordering",
    ]
)
OBJECT_STARTS = word_set(
    "the a an our your their its new all each every complex end-to-end high-quality scalable robust and other these those clear strong key large cross-functional technical senior junior us them it"
)


def _forms() -> tuple[frozenset[str], frozenset[str]]:
    ings: set[str] = set()
    third: set[str] = set()
    for v in VERBS:
        ings |= {v + "ing", v + v[-1] + "ing"} | ({v[:-1] + "ing"} if v.endswith("e") else set())
        third |= {v + "s", v + "es"} | ({v[:-1] + "ies"} if v.endswith("y") else set())
    return frozenset(ings), frozenset(third)


VERBS_ING, VERBS_S = _forms()

# --- names of tools and trades that a run-together line is cut by ----------------------------------------------------

NAMES = word_set(
    """
    A/B Airflow Airtable Alteryx Angular Ansible Apache API APIs Asana ASP.NET AutoCAD AWS Azure Bash BERT BigQuery Bitbucket C C# C++ Canva Cassandra CatBoost CI/CD CircleCI ClickHouse Confluence CRM CSS CUDA Dask Databricks Datadog dbt DevOps Django Docker DynamoDB
    Elasticsearch ELT ERP ETL Excel FastAPI Feast Figma Firebase Flask Flink Flutter GCP Git GitHub GitLab Go Golang Google Grafana GraphQL gRPC Hadoop HBase Helm HIPAA Hive HTML HubSpot HuggingFace IoT Illustrator InDesign iOS Java JavaScript JAX Jenkins Jira JSON Jupyter Kafka Keras
    Kibana Kinesis Kotlin KPI KPIs Kubeflow Kubernetes LangChain Laravel LightGBM Linux LlamaIndex LLM LLMs Looker Lua MATLAB Matplotlib Maven Microsoft MLflow MLOps MongoDB MS MySQL Neo4j Netsuite Next.js NLP Node.js NoSQL NumPy Objective-C OpenAI OpenCV Oracle Outlook Pandas Perl PHP
    Photoshop PostgreSQL Postgres PowerBI PowerPoint Presto Prometheus PyTorch PySpark Python QA QuickBooks R RabbitMQ RAG Rails Ray React Redis Redshift REST Ruby Rust S3 SageMaker Salesforce SAP SAS Scala scikit-learn SciPy Scrum SEO ServiceNow Shopify Slack Snowflake SolidWorks Solidity
    Spark SPSS SQL SQLAlchemy SQLite Spring SQS Stata Swift Tableau TensorFlow Terraform TypeScript Unity Unix UX UI VBA Vue Vue.js Weka Word WordPress Workday XGBoost Xero XML YAML Zendesk
    """
)

JOB_NOUN = re.compile(
    r"\b(?:engineer|scientist|developer|programmer|analyst|architect|manager|director|designer|researcher|consultant|specialist|administrator|lead|head of|vp|vice president|president|officer|coordinator|assistant|associate|intern(?:ship)?|trainee|apprentice|nurse|teacher|tutor|lecturer|professor|accountant|bookkeeper|auditor|"
    r"recruiter|writer|editor|copywriter|journalist|lawyer|attorney|paralegal|counsel|technician|mechanic|electrician|plumber|driver|chef|cook|barista|waiter|waitress|bartender|receptionist|secretary|cashier|clerk|representative|agent|advisor|adviser|therapist|physician|doctor|dentist|pharmacist|veterinarian|paramedic|caregiver|carer|"
    r"strategist|planner|buyer|merchandiser|statistician|economist|actuary|quant|trader|broker|underwriter|supervisor|foreman|operator|executive|chief|founder|evangelist|advocate|producer|photographer|librarian|translator|surveyor|machinist|welder|carpenter|gardener|cleaner|guard|pilot|captain|steward|superintendent|principal|"
    r"scrum master|product owner|sre|tester|ml ops|mlops|devops|cto|cfo|ceo|coo|postdoc(?:toral)?|fellow|worker|educator|instructor|trainer|coach|dietitian|nutritionist|hygienist|midwife|radiographer|optician|florist|baker|butcher|tailor|stylist|hairdresser|leader|expert|staff)s?\b",
    re.IGNORECASE,
)
