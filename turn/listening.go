package turn

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// moreListening are the signs of listening of two and three words, and those that are rarer, beside a language's backchannels.
var moreListening = map[string]string{
	"en": "thats great|thats good|thats fine|thats nice|thats cool|thats perfect|thats fair|thats okay|thats ok|sounds good|sounds great|sounds fine|works for me|" +
		"i know|i get it|i got it|i hear you|oh okay|oh i understand|oh nice|oh great|oh good|oh yes|all good|lovely|excellent|awesome|amazing|wonderful|correct|certainly|" +
		"naturally|obviously|clearly|you bet|for sure|very nice|very well|so i see|ah i see|ah right|oh right|oh wow|no problem|please continue|please go on|keep going|im listening|im with you|same here|fantastic|brilliant|cheers",
	"es": "sí sí|ya ya|está bien|muy bueno|qué bueno|te entiendo|le entiendo|lo entiendo|comprendo|comprendido|adelante|siga|sigue|continúe|desde luego|efectivamente|exactamente|ah ya|ah vale|ah sí|de verdad|estupendo|excelente|seguro|sin problema|perfectamente|le escucho|te escucho|ajam|pues sí|pues claro|dale|tal cual|me parece bien|suena bien",
	"de": "ganz genau|sehr schön|das ist gut|das ist schön|das verstehe ich|hab ich verstanden|habe ich verstanden|schon klar|ist gut|ist klar|ja klar|ja genau|ja gut|na gut|gerne|aha okay|ach ja|ach wirklich|tatsächlich|interessant|selbstverständlich|einverstanden|passt|das passt|weiter|ich höre|ich höre zu|absolut|definitiv|sicherlich|freilich|ok gut|mhm mhm|wunderbar|hervorragend|kein problem|so so|soso|nun gut|logisch",
	"fr": "oui oui|ça marche|ça roule|cest bon|cest bien|cest parfait|cest noté|cest clair|cest exact|je sais|je vous écoute|je vous suis|je suis daccord|jai compris|très bien|pas de problème|pas de souci|absolument|évidemment|naturellement|formidable|excellent|continuez|allez y|allezy|dis donc|ah dis donc|ah oui daccord|hum|entendu|ça va|ça me va|bien entendu|bien|noté|intéressant|oui bien sûr|oui daccord|oui je vois|sans doute|certainement|volontiers|carrément|justement|bravo|ok ok",
	"it": "sì sì|va benissimo|molto bene|tutto bene|tutto chiaro|è chiaro|è giusto|è perfetto|lo so|ti capisco|la capisco|ho inteso|intendo|ah ecco|ah sì|ah ok|ah capisco|vedo|continui|continua|prosegua|la ascolto|ti ascolto|senzaltro|assolutamente|ovviamente|ovvio|magnifico|splendido|bello|bella|bravo|interessante|dica|mi dica|sì certo|sì va bene|nessun problema|per carità|appunto|esatto esatto|uh huh|ci sta|mi va bene|eccellente|ma certo",
	"pt": "sim sim|tá certo|está certo|tá ok|tudo certo|tudo ok|eu entendo|eu sei|eu vejo|estou entendendo|estou ouvindo|já entendi|compreendo|compreendi|percebi|pode continuar|continue|prossiga|sem problema|sem problemas|claro que sim|que bom|que legal|que ótimo|maravilha|excelente|de acordo|combinado|joia|show|massa|bacana|ah sim|ah tá|ah entendi|ah é|pois claro|com certeza sim|exatamente isso|efetivamente|evidentemente|naturalmente|fixe|uhum uhum|perfeitamente|interessante|isso aí|é isso mesmo|pode crer|nossa|faz sentido",
	"nl": "ja hoor|helder|duidelijk|ja precies|ja klopt|ja goed|ja zeker|ja natuurlijk|is goed|dat is goed|dat is mooi|dat is fijn|dat begrijp ik|dat snap ik|ik snap het|ik weet het|ik zie het|ik hoor het|ik luister|ga door|gaat u verder|ga verder|ga maar door|oké dan|okee|okay dan|akkoord|helemaal goed|heel mooi|heel fijn|geweldig|uitstekend|fantastisch|perfect|fijn|interessant|vanzelfsprekend|zonder meer|absoluut|beslist|exact|inderdaad ja|ach zo|ah zo|ah oké|tuurlijk|geen probleem|goed zo|nou ja|nou mooi|wauw|echt waar|hè hè|jawel hoor|logisch|klinkt goed",
	"id": "ya ya|iya ya|ya betul|ya benar|ya baik|ya sudah|oke oke|oke baik|baik baik|itu benar|itu bagus|itu betul|saya paham|saya tahu|saya setuju|saya dengar|saya lihat|setuju|tahu|oh ya ya|oh iya|oh baik|oh oke|oh bagus|ah ya|ah iya|ah begitu|bagus sekali|baik sekali|sangat bagus|luar biasa|hebat|mantap|pasti|tepat|tepat sekali|betul sekali|jelas|dimengerti|lanjutkan|silakan lanjut|teruskan|masuk akal|tidak masalah|nggak masalah|wah|wow|menarik|sempurna|tentu saja|tentu tentu|ehm|siap siap|cocok|yap|yup",
	"hi": "हाँ हाँ|ओहो|चलिए|चलिए ठीक है|हां हां|जी जी|जी बिल्कुल|हाँ बिल्कुल|हां बिल्कुल|अच्छा अच्छा|अच्छा जी|अच्छा ठीक है|अच्छी बात है|बहुत बढ़िया|बढ़िया|बहुत खूब|ठीक ठीक|जी ठीक है|हाँ ठीक है|सही बात है|सही कहा|सच में|समझ गया हूँ|मैं समझ गया|मैं समझ गई|मैं समझता हूँ|मैं समझती हूँ|समझ रहा हूँ|समझ रही हूँ|समझता हूँ|समझती हूँ|समझ में आया|समझ आया|समझ आ गया|पता है|मुझे पता है|बताइए|आगे बताइए|बोलिए|जारी रखिए|सुन रहा हूँ|सुन रही हूँ|मैं सुन रहा हूँ|क्या बात है|शानदार|कोई बात नहीं|बेशक|अवश्य|एकदम|एकदम सही|ओके ओके|हूँ हूँ|मंजूर है|वाह वाह|haan haan|ji ji|accha ji|acha acha|bilkul sahi|samajh raha hoon|badhiya|bahut accha",
	"ja": "はいはい|はあ|はぁ|うんうん|そうそう|そうです|そうですよね|そうですか|そうか|そうなの|そうなんだ|そうだね|そうだよね|なるほどなるほど|わかります|分かります|わかった|分かった|わかってます|分かってます|理解しました|承知です|かしこまりました|いいですよ|いいね|大丈夫です|大丈夫|素晴らしい|すばらしい|すごい|すごいですね|へぇ|へぇー|ほほう|ふむ|ふむふむ|まあ|まじ|まじで|本当ですか|ほんとですか|ほんとうですか|本当に|どうぞ|続けてください|つづけてください|聞いてます|聞いています|おお|おー|うわ|たしかにそうですね|その通り|そのとおり|その通りです|そのとおりです|ですです|もちろんです|間違いない|面白い|面白いですね|よかった|良かった|よかったです|ok です|okです|オッケーです",
	"ko": "네 네|네네 네|네 알겠습니다|네 알겠어요|네 그래요|네 그렇군요|네 그렇죠|네 좋아요|네 맞습니다|예 예|예 알겠습니다|예 맞아요|예 맞습니다|아 그렇군요|아 그러세요|아 그렇구나|아 네네|아 알겠습니다|아 예|그렇구나|그러세요|그러시군요|그러네|그럼요|그렇지|그렇지요|맞네요|맞죠|이해했어요|이해했습니다|이해해요|이해합니다|이해돼요|알아요|압니다|알지요|알고 있어요|알고 있습니다|좋네요|좋죠|좋지요|괜찮아요|괜찮습니다|괜찮네요|대단하네요|훌륭해요|훌륭하네요|멋지네요|재밌네요|다행이네요|듣고 있어요|듣고 있습니다|말씀하세요|계속 말씀하세요|당연하지요|당연합니다|확실해요|확실히|정확해요|정확합니다|그랬군요|그랬구나|와|우와|으음|흠|음음|응응|어머|아이고|동의해요|동의합니다|문제없어요",
}

func init() {
	for code, items := range moreListening {
		l := languages[code]
		for w := range set(items) {
			l.backchannels[w] = true
		}
		l.torn = map[string]bool{}
		for w := range l.backchannels {
			l.tear(strings.Fields(w))
		}
	}
}

// courtesies are words that make what is left an answer: yes please.
var courtesies = set("please|bitte|silakan|favor|prego|alstublieft")

// tear notes what is left of a sign of listening of which a word was not heard: its end, or most of it.
func (l *language) tear(words []string) {
	all := utf8.RuneCountInString(strings.Join(words, ""))
	for i := 1; i < len(words); i++ {
		for _, part := range [][]string{words[i:], words[:i]} {
			if slices.ContainsFunc(part, func(w string) bool { return objections[w] || courtesies[w] }) {
				continue
			}
			if i == len(part) && 2*utf8.RuneCountInString(strings.Join(part, "")) < all { // it begins much else
				continue
			}
			l.torn[strings.Join(part, " ")] = true
		}
	}
}

// mostTorn is how many words may be taken for what is left of signs of listening.
const mostTorn = 3

// remnant reports whether the words are nothing but signs of listening, some of which lack a word.
func (l *language) remnant(text string) bool {
	words := split(text)
	if len(words) == 0 || len(words) > mostTorn || l.unspaced {
		return false
	}
	for len(words) > 0 {
		n := l.listening(words)
		for k := min(2, len(words)); n == 0 && k > 0; k-- {
			if l.torn[strings.Join(words[:k], " ")] {
				n = k
			}
		}
		if n == 0 {
			return false
		}
		words = words[n:]
	}
	return true
}
