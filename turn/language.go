package turn

import "strings"

// A language is what the engine knows of how people take turns in it. Words are as split writes them: lower case, no
// punctuation, no apostrophes.
type language struct {
	torn         map[string]bool // what is left of backchannels when a word of them is not heard
	backchannels map[string]bool // of one to three words: "I am listening", and nothing else
	trailing     map[string]bool // a last word after which more must come
	alone        map[string]bool // trailing words that are an answer when they stand alone
	last         map[string]bool // last words, one or two, with which people stop
	questions    map[string]bool // a first word of questions
	trailingEnds []string        // endings of a last word after which more must come
	closing      []string        // endings of a last word that close a sentence; nil where endings say nothing
	unspaced     bool            // written without spaces
	moments      phrases         // last words that ask for time
	leads        map[string]bool // as trailing, never alone
	ifs          map[string]bool // first words of half a sentence
	numbers      numerals
	topics       []topic // what questions ask for
	grammar      grammar
	either       map[string]bool // last words that lead on or close
	offer        map[string]bool // first words of an announcement that something is looked for
	offerEnds    []string        // and the endings of one
	inquiry
}

// An inquiry is how a language asks, and closes what it says.
type inquiry struct {
	final      float64         // how finished words with such an ending are without a mark
	inversions []string        // verb and pronoun as they are written together
	wonders    map[string]bool // verbs that begin a question
	vague      map[string]bool // first words of questions that begin statements, too
}

// set is a list with | between its items.
func set(items string) map[string]bool {
	m := map[string]bool{}
	for _, s := range strings.Split(items, "|") {
		m[strings.TrimSpace(s)] = true
	}
	return m
}

// languageOf gives the table of a contract code; one that is not in the contract is treated as en.
func languageOf(code string) *language {
	if l, ok := languages[code]; ok {
		return l
	}
	return languages["en"]
}

func init() {
	for code, l := range languages {
		l.offer, l.offerEnds = offerOf[code], offerEndsOf[code]
		if l.final = sure; code == "hi" {
			l.final = 0.85 // a verb there may yet get its auxiliary, or a clause that it wants
		}
		l.wonders = wondersOf[code]
		if code == "fr" {
			l.inversions = []string{"-vous ", "-vous-", "-tu ", "-il ", "-elle ", "-ils ", "-je ", "-on ", "-ce "}
		}
		l.grammar, l.either, l.vague = grammars[code], eitherOf[code], vagueOf[code]
	}
}

var languages = map[string]*language{
	"en": {
		moments: momentsOf["en"], leads: leadsOf["en"], ifs: ifsOf["en"], numbers: numeralsOf["en"], topics: topicsOf["en"],
		backchannels: set("yes|yeah|yep|yup|ok|okay|okey|right|all right|alright|sure|uh huh|uhuh|uhhuh|uh|um|mm|mmhm|mmhmm|mhm|mm hm|mm hmm|hm|hmm|huh|ah|aha|oh|ooh|" +
			"i see|got it|gotcha|of course|go on|go ahead|thats right|that is right|thats true|true|exactly|indeed|absolutely|definitely|totally|" +
			"really|wow|nice|great|good|cool|perfect|fine|very good|oh i see|oh wow|no way|makes sense|that makes sense|interesting|i understand|understood|fair enough"),
		trailing: set("and|or|but|because|so|if|when|while|that|which|who|whose|where|than|then|as|like|although|though|unless|until|since|whether|either|neither|" +
			"a|an|the|my|your|his|her|its|our|their|this|these|those|some|any|every|each|no|" +
			"to|of|in|on|at|for|with|from|by|about|into|onto|between|after|before|under|over|without|within|during|through|against|per|via|" +
			"is|are|was|were|am|be|been|being|will|would|can|could|should|shall|may|might|must|do|does|did|have|has|had|im|ive|id|ill|youre|theyre|were|hes|shes|lets|" +
			"i|we|they|he|she|um|uh|er|erm|hmm|well|also|just|very|really|maybe|probably|actually|basically|around|gonna|wanna|called|named|want|need"),
		alone: set("no|really|maybe|probably|actually|that|this|these|those|some|any|i|then|when|where|who|which|called"),
		last: set("please|thanks|thank you|bye|goodbye|bye bye|ok|okay|yes|yeah|yep|no|nope|sure|today|tomorrow|tonight|now|instead|too|though|right|" +
			"thats it|thats all|is all|was all|for me|nothing else|thats everything|is everything|all good|anymore|anyway|correct|hello|hi|stop|wait|help|sir|maam"),
		questions: set("what|whats|when|whens|where|wheres|who|whos|whom|whose|which|why|how|hows|is|are|am|was|were|do|does|did|can|could|will|would|should|shall|may|might|have|has|had|isnt|arent|dont|doesnt|didnt|cant|couldnt|wont|wouldnt"),
	},
	"es": {
		moments: momentsOf["es"], leads: leadsOf["es"], ifs: ifsOf["es"], numbers: numeralsOf["es"], topics: topicsOf["es"],
		backchannels: set("si|sí|ya|vale|ok|okay|okey|ajá|aja|ajam|mm|mhm|hm|hmm|um|eh|ah|oh|claro|bien|muy bien|bueno|entiendo|entendido|ya veo|de acuerdo|exacto|eso es|perfecto|genial|cierto|por supuesto|claro que sí|así es|correcto|qué bien|en serio|anda"),
		trailing: set("y|e|o|u|pero|porque|que|si|cuando|mientras|como|aunque|pues|entonces|donde|cual|quien|sino|ni|" +
			"el|la|los|las|un|una|unos|unas|lo|mi|mis|tu|tus|su|sus|nuestro|nuestra|este|esta|estos|estas|ese|esa|" +
			"a|de|en|con|por|para|sin|sobre|entre|hasta|desde|hacia|según|tras|al|del|" +
			"llamo|llama|es|son|era|soy|está|están|estoy|he|ha|han|hay|tengo|tiene|quiero|quería|quisiera|necesito|puedo|puede|podría|voy|va|me|se|te|le|muy|más|eh|este|yo"),
		alone:     set("si|este|esta|ese|esa|yo|cuando|donde|quien|cual|más|entonces"),
		last:      set("por favor|gracias|adiós|hasta luego|vale|sí|no|claro|hoy|mañana|ahora|también|nada más|eso es|eso es todo|es todo|hola|espere|espera|ayuda|señor|señora|verdad"),
		questions: set("qué|que|cuándo|cuando|dónde|donde|quién|quien|cuál|cual|cuáles|por|cómo|como|cuánto|cuanto|cuánta|cuántos|puede|puedes|pueden|podría|podrías|podrían|podemos|puedo|tiene|tienen|tienes|hay|es|son|está|están|me"),
	},
	"de": {
		moments: momentsOf["de"], leads: leadsOf["de"], ifs: ifsOf["de"], numbers: numeralsOf["de"], topics: topicsOf["de"],
		backchannels: set("ja|jaja|ja ja|jo|jep|okay|ok|gut|sehr gut|genau|stimmt|richtig|klar|alles klar|ach so|achso|aha|ah|oh|ach|hm|hmm|mhm|mm|mmh|äh|ähm|verstehe|ich verstehe|verstanden|natürlich|sicher|super|prima|toll|schön|perfekt|in ordnung|echt|wirklich|na klar|eben|so ist es|das stimmt"),
		trailing: set("und|oder|aber|weil|dass|daß|wenn|ob|als|während|obwohl|damit|sondern|denn|also|dann|wie|wo|wer|welche|welcher|welches|" +
			"der|die|das|den|dem|des|ein|eine|einen|einem|einer|eines|mein|meine|meinen|meiner|dein|deine|sein|seine|ihr|ihre|ihren|unser|unsere|kein|keine|dieser|diese|dieses|" +
			"zu|zum|zur|von|vom|in|im|ins|an|am|auf|für|mit|bei|beim|nach|aus|über|unter|um|durch|gegen|ohne|bis|seit|vor|zwischen|" +
			"heiße|heisse|ist|sind|war|waren|bin|habe|hat|hätte|haben|möchte|würde|kann|könnte|können|will|soll|sollte|muss|darf|wird|werde|ich|wir|sie|er|es|äh|ähm|sehr|noch|auch|nur|vielleicht"),
		alone:     set("das|die|der|wer|wo|wie|ich|sie|sehr|vielleicht|auch|noch|also|dann|kann|soll|muss|darf|will|es"),
		last:      set("bitte|danke|vielen dank|tschüss|wiedersehen|auf wiederhören|wiederhören|ja|nein|nee|okay|ok|genau|heute|morgen|jetzt|das wars|oder|hallo|stopp|moment|hilfe|haben|können|machen|möchte|wissen|sprechen|gut"),
		questions: set("was|wann|wo|wer|wen|wem|wessen|welche|welcher|welches|welchen|warum|wieso|weshalb|wie|woher|wohin|wieviel|ist|sind|hat|haben|habt|hast|kann|können|könnten|könnte|würden|dürfen|muss|wollen|sollen|kannst|könntest|darf|dürfte|gibt|wird|würden|möchten|soll|sollte|muss"),
	},
	"fr": {
		moments: momentsOf["fr"], leads: leadsOf["fr"], ifs: ifsOf["fr"], numbers: numeralsOf["fr"], topics: topicsOf["fr"],
		backchannels: set("oui|ouais|ouaip|mouais|ok|okay|daccord|dac|bien|très bien|bon|ah bon|ah|oh|eh|euh|hm|hmm|mm|mhm|bien sûr|je vois|je comprends|compris|entendu|exact|exactement|voilà|cest ça|tout à fait|effectivement|parfait|super|génial|en effet|vraiment|certes|cest vrai|ah oui|ah daccord|ça marche"),
		trailing: set("et|ou|mais|parce|car|que|qui|quand|si|comme|lorsque|puisque|quoique|donc|alors|dont|où|ni|" +
			"le|la|les|un|une|des|du|de|au|aux|mon|ma|mes|ton|ta|tes|son|sa|ses|notre|nos|votre|vos|leur|leurs|ce|cet|cette|ces|" +
			"à|en|dans|sur|sous|avec|sans|pour|par|chez|vers|entre|depuis|pendant|avant|après|jusque|" +
			"mappelle|appelle|est|sont|était|suis|ai|a|ont|avez|avons|voudrais|veux|peux|peut|pourrais|pourriez|vais|va|dois|doit|je|jai|tu|il|elle|on|nous|ils|elles|me|se|ne|euh|très|plus|aussi|peutêtre"),
		alone:     set("qui|quand|où|plus|aussi|alors|donc|si"),
		last:      set("sil vous plaît|vous plaît|te plaît|plaît|merci|au revoir|revoir|oui|non|ok|okay|daccord|aujourdhui|demain|maintenant|voilà|cest tout|bonjour|allô|attendez|stop|aide|monsieur|madame"),
		questions: set("que|quel|quelle|quels|quelles|quand|où|qui|pourquoi|comment|combien|quoi|est|estce|avez|pouvez|pourriez|pourraitil|pouvonsnous|peuton|estce|peux|puisje|avezvous|pouvezvous|pourriezvous|y|à|estil"),
	},
	"it": {
		moments: momentsOf["it"], leads: leadsOf["it"], ifs: ifsOf["it"], numbers: numeralsOf["it"], topics: topicsOf["it"],
		backchannels: set("sì|si|già|ok|okay|va bene|bene|benissimo|certo|certamente|capisco|ho capito|capito|esatto|esattamente|giusto|perfetto|ah|oh|eh|ehm|hm|hmm|mm|mhm|aha|davvero|daccordo|ottimo|chiaro|infatti|è vero|ecco|proprio così|sicuro|naturalmente"),
		trailing: set("e|ed|o|oppure|ma|perché|che|se|quando|mentre|come|anche|però|quindi|allora|dove|cui|né|" +
			"il|lo|la|i|gli|le|un|uno|una|mio|mia|miei|mie|tuo|tua|suo|sua|nostro|nostra|vostro|questo|questa|quel|quello|quella|" +
			"a|ad|di|da|in|con|su|per|tra|fra|al|allo|alla|ai|agli|alle|del|dello|della|dei|degli|delle|dal|dalla|nel|nella|nei|sul|sulla|senza|dopo|prima|fino|verso|" +
			"chiamo|è|sono|era|ho|ha|hanno|abbiamo|vorrei|voglio|posso|può|potrebbe|devo|deve|sto|sta|mi|si|ti|ci|io|molto|più|ehm|non"),
		alone:     set("questo|questa|quello|quella|io|si|dove|quando|più|allora|come|perché"),
		last:      set("per favore|favore|per piacere|grazie|grazie mille|arrivederci|ciao|sì|no|ok|okay|certo|oggi|domani|adesso|ora|è tutto|tutto|pronto|aspetti|aspetta|aiuto|signore|signora"),
		questions: set("che|cosa|quando|dove|chi|quale|quali|perché|come|quanto|quanta|quanti|quante|può|puoi|potete|possono|potreste|possiamo|potrebbe|potresti|posso|avete|ha|hai|cè|ci|è|sono|mi|siete"),
	},
	"pt": {
		moments: momentsOf["pt"], leads: leadsOf["pt"], ifs: ifsOf["pt"], numbers: numeralsOf["pt"], topics: topicsOf["pt"],
		backchannels: set("sim|é|pois|pois é|pois não|ok|okay|tá|tá bom|tá bem|está bem|está bom|certo|claro|entendi|entendo|percebo|já percebi|isso|isso mesmo|exato|exatamente|beleza|legal|bom|muito bem|muito bom|perfeito|ah|oh|ahn|ahã|aham|uhum|hm|hmm|mm|mhm|sério|verdade|é verdade|com certeza|ótimo|tudo bem|beleza"),
		trailing: set("e|ou|mas|porque|que|se|quando|enquanto|como|embora|então|onde|qual|quem|nem|também|" +
			"o|a|os|as|um|uma|uns|umas|meu|minha|meus|minhas|teu|tua|seu|sua|seus|suas|nosso|nossa|este|esta|esse|essa|aquele|aquela|" +
			"de|do|da|dos|das|em|no|na|nos|nas|com|por|pelo|pela|para|pra|pro|sem|sobre|entre|até|desde|após|ao|à|num|numa|" +
			"chamo|é|são|era|sou|está|estão|estou|tenho|tem|têm|quero|queria|gostaria|preciso|posso|pode|poderia|vou|vai|me|se|te|lhe|eu|muito|mais|ahn|não"),
		alone:     set("é|este|esta|esse|essa|eu|não|quando|onde|quem|qual|mais|também|pode|posso|quero|tenho|tem"),
		last:      set("por favor|favor|obrigado|obrigada|muito obrigado|tchau|adeus|até logo|sim|não|ok|okay|certo|hoje|amanhã|agora|só isso|é isso|é tudo|alô|olá|espere|espera|ajuda|senhor|senhora|né"),
		questions: set("que|quando|onde|quem|qual|quais|por|porquê|como|quanto|quanta|quantos|quantas|pode|podem|poderiam|podemos|poderia|posso|tem|têm|há|é|são|está|vocês|você|o"),
	},
	"nl": {
		moments: momentsOf["nl"], leads: leadsOf["nl"], ifs: ifsOf["nl"], numbers: numeralsOf["nl"], topics: topicsOf["nl"],
		backchannels: set("ja|jaja|ja ja|jawel|jep|oké|oke|ok|okay|goed|heel goed|prima|precies|klopt|dat klopt|juist|inderdaad|natuurlijk|uiteraard|zeker|duidelijk|ik snap het|snap ik|begrijp ik|ik begrijp het|begrepen|aha|ah|oh|ach|hm|hmm|mhm|mm|uh|eh|ehm|leuk|mooi|top|echt|zo|dat is zo|is goed"),
		trailing: set("en|of|maar|want|omdat|dat|als|toen|terwijl|hoewel|zodat|dus|dan|die|wie|wat|waar|welke|" +
			"de|het|een|mijn|jouw|je|uw|zijn|haar|ons|onze|hun|deze|dit|geen|elke|" +
			"te|van|in|op|aan|voor|met|bij|naar|uit|over|onder|om|door|tegen|zonder|tot|sinds|na|tussen|" +
			"heet|is|ben|was|waren|heb|heeft|hebben|had|wil|wilde|zou|kan|kunnen|kunt|moet|mag|zal|word|wordt|ik|we|wij|zij|ze|hij|u|eh|ehm|uh|heel|nog|ook|alleen|misschien"),
		alone:     set("dat|die|dit|deze|wie|wat|waar|ik|u|misschien|ook|nog|dan|mag|kan|het|zij"),
		last:      set("alstublieft|alsjeblieft|dank u|dank je|dankuwel|bedankt|dag|doei|tot ziens|ziens|ja|nee|oké|ok|vandaag|morgen|nu|dat was|was het|dat is|hallo|stop|wacht|hulp|hebben|maken|ja graag|heel graag|weten|spreken|meneer|mevrouw|toch"),
		questions: set("wat|wanneer|waar|wie|welke|welk|waarom|hoe|hoeveel|hoelaat|is|zijn|ben|heeft|hebben|hebt|heb|kan|kunt|kun|kunnen|mag|zou|wil|wilt|zal|moet|gaat|komt|doet"),
	},
	"id": {
		moments: momentsOf["id"], leads: leadsOf["id"], ifs: ifsOf["id"], numbers: numeralsOf["id"], topics: topicsOf["id"],
		backchannels: set("ya|iya|iyaa|yah|yoi|ok|oke|okay|baik|baiklah|betul|benar|tentu|mengerti|saya mengerti|paham|oh|oh begitu|begitu|oh gitu|gitu|ah|eh|hm|hmm|mm|mhm|he eh|heeh|sip|bagus|siap|memang|masa|oh ya|silakan|lanjut"),
		trailing: set("dan|atau|tapi|tetapi|karena|bahwa|kalau|jika|ketika|saat|sambil|walaupun|meskipun|supaya|agar|lalu|kemudian|yang|" +
			"di|ke|dari|untuk|dengan|pada|oleh|tentang|antara|sampai|sejak|tanpa|dalam|seperti|sebagai|" +
			"apakah|bernama|saya|aku|kami|kita|dia|mereka|sebuah|seorang|adalah|ini|itu|akan|sudah|sedang|mau|ingin|bisa|harus|perlu|ada|tidak|belum|sangat|lebih|juga|anu|em"),
		alone:     set("ini|itu|saya|aku|bisa|mau|ada|tidak|sudah|belum|harus|perlu|juga|akan|dia"),
		last:      set("terima kasih|kasih|makasih|tolong|ya|iya|tidak|bukan|baik|oke|ok|hari ini|ini|itu|besok|sekarang|sampai jumpa|dadah|itu saja|saja|halo|tunggu|berhenti|pak|bu|kan|dong|sih|belum|sudah|nggak"),
		questions: set("apa|apakah|kapan|dimana|di|siapa|mana|kenapa|mengapa|bagaimana|gimana|berapa|bisakah|bisa|bolehkah|boleh|adakah|ada|jam"),
	},
	"hi": {
		moments: momentsOf["hi"], leads: leadsOf["hi"], ifs: ifsOf["hi"], numbers: numeralsOf["hi"], topics: topicsOf["hi"],
		backchannels: set("हाँ|हां|हा|जी|जी हाँ|जी हां|हाँ जी|हां जी|अच्छा|ठीक|ठीक है|ठीक हैं|सही|सही है|बिल्कुल|बिलकुल|समझ गया|समझ गई|समझा|ओके|ओह|आह|हम्म|हूँ|हूं|हम|उम|अरे|वाह|ज़रूर|जरूर|बहुत अच्छा|सच|haan|han|ji|haan ji|ji haan|accha|acha|theek|theek hai|thik hai|sahi|bilkul|ok|okay|hmm|hm|mm|samajh gaya|samajh gayi"),
		trailing: set("नाम|नंबर|पता|naam|number|और|या|लेकिन|मगर|पर|क्योंकि|कि|अगर|जब|तो|जो|जिस|इसलिए|फिर|मैं|मेरा|मेरी|मेरे|मुझे|हम|हमारा|आप|आपका|आपकी|आपके|यह|ये|वह|वो|इस|उस|एक|" +
			"का|की|के|को|में|से|पर|तक|लिए|साथ|ने|बहुत|aur|ya|lekin|magar|kyunki|ki|agar|jab|to|jo|main|mera|meri|mere|mujhe|ka|ke|ko|mein|se|par|tak"),
		alone:     set("आप|यह|वह|ये|वो|हम|main|फिर"),
		last:      set("धन्यवाद|शुक्रिया|कृपया|नमस्ते|अलविदा|हाँ|हां|नहीं|जी|ठीक है|बस|आज|कल|अभी|हैलो|रुकिए|रुको|dhanyavaad|shukriya|kripya|namaste|haan|nahi|nahin|ji|bas|aaj|kal|abhi|hello|thanks|please|rukiye|ruko"),
		questions: set("क्या|कब|कहाँ|कहां|कौन|किस|किसका|कैसे|कैसा|कैसी|क्यों|कितना|कितने|कितनी|kya|kab|kahan|kaun|kis|kaise|kyun|kitna|kitne|kitni"),
		closing: []string{"है", "हैं", "हूँ", "हूं", "था", "थी", "थे", "चाहिए", "दीजिए", "दीजिये", "कीजिए", "बताइए", "करो", "गया", "गई", "सकते", "सकता", "सकती", "गे", "गा", "गी",
			"hai", "hain", "hoon", "hun", "tha", "thi", "chahiye", "dijiye", "kijiye", "bataiye", "karo", "gaya", "gayi", "sakte", "sakta", "sakti"},
	},
	"ja": {
		moments: momentsOf["ja"], leads: leadsOf["ja"], ifs: ifsOf["ja"], numbers: numeralsOf["ja"], topics: topicsOf["ja"],
		backchannels: set("はい|うん|ええ|え|あ|ああ|あー|へえ|へー|ほう|ふーん|ふうん|んー|ん|うーん|そう|そうですね|そうですか|そうなんですね|そうなんですか|そうね|そっか|なるほど|なるほどね|なるほどですね|確かに|たしかに|了解|了解です|わかりました|分かりました|わかった|オッケー|オーケー|ok|もちろん|本当|本当に|ほんと|いいですね|ですね|ですよね|承知しました"),
		trailing:     set("あの|えっと|えーと|ええと|その|それで|でも|だから|そして|あと"),
		alone:        set("その|だから|でも"),
		last:         set("お願いします|ありがとう|ありがとうございます|さようなら|失礼します|いいえ|はい|もしもし|待って|待ってください|やめて|以上です|今日|明日|今"),
		trailingEnds: []string{"て", "で", "けど", "けれど", "が", "は", "を", "に", "の", "と", "も", "へ", "から", "ので", "のに", "たら", "れば", "とか", "や", "し", "まで", "より", "んですけど", "ですが", "ますが",
			"えっと", "えーと", "あの", "その"},
		closing:  []string{"です", "ます", "ですか", "ますか", "ました", "ましたか", "ません", "ませんか", "でした", "でしょう", "でしょうか", "ください", "下さい", "お願いします", "ありがとう", "だよ", "だね", "かな", "よね", "ですね", "ですよ", "ますね", "ますよ", "たい", "ない", "だ", "いいえ", "はい", "のか", "もしもし", "やめて", "待って"},
		unspaced: true,
	},
	"ko": {
		moments: momentsOf["ko"], leads: leadsOf["ko"], ifs: ifsOf["ko"], numbers: numeralsOf["ko"], topics: topicsOf["ko"],
		backchannels: set("네|네네|예|예예|응|어|음|아|아하|오|그래|그래요|그렇군요|그렇죠|그러네요|그렇습니다|그쵸|맞아|맞아요|맞습니다|알겠어요|알겠습니다|알았어요|아 네|아 그래요|아 그렇군요|좋아요|좋습니다|오케이|ok|물론이죠|물론|정말|정말요|진짜|진짜요|당연하죠|계속하세요|네 맞아요"),
		trailing:     set("그리고|그런데|근데|하지만|그래서|그러면|그럼|왜냐하면|또|또는|혹은|저|제|제가|저는|그|이|음|어|그러니까|만약"),
		alone:        set("저|제|그|이|그럼|또|그런데|어|음|저는|제가"),
		last:         set("감사합니다|고마워요|고맙습니다|안녕히|부탁합니다|부탁드립니다|네|아니요|아니|오늘|내일|지금|여보세요|잠깐만요|잠시만요|그만|이상입니다"),
		trailingEnds: []string{"는", "은", "을", "를", "에", "에서", "으로", "로", "고", "서", "면", "데", "는데", "지만", "니까", "와", "과", "랑", "하고", "의", "도", "만", "부터", "까지", "보다", "려고", "거나", "다가", "는지", "은지", "인지", "을지", "려면", "아서", "어서", "여서", "해서"},
		closing:      []string{"요", "다", "까", "까요", "죠", "네요", "니다", "세요", "해", "야", "줘", "어", "아", "니", "지", "자", "습니까", "입니까", "합니까", "됩니까", "십니까"},
		questions:    set("뭐|무엇|언제|어디|어디서|누구|누가|왜|어떻게|얼마|얼마나|몇|어느|무슨|어떤"),
	},
}
