package turn

import "strings"

// phrases are ends of what somebody says, as split writes them.
type phrases map[string]bool

// ends reports whether the words end with one of the phrases, of five words at most.
func (p phrases) ends(words []string, unspaced bool) bool {
	if unspaced {
		all := strings.Join(words, "")
		for s := range p {
			if strings.HasSuffix(all, s) {
				return true
			}
		}
		return false
	}
	for n := min(5, len(words)); n > 0; n-- {
		if p[strings.Join(words[len(words)-n:], " ")] {
			return true
		}
	}
	return false
}

// momentsOf are last words that ask for time, or fill it.
var momentsOf = map[string]phrases{
	"en": set("let me see|lets see|let me think|let me check|let me look|let me have a look|let me find it|let me get it|let me get that|hold on|hang on|one moment|just a moment|a moment|" +
		"one second|just a second|one sec|a sec|a second|give me a second|give me a minute|give me a moment|one minute|just a minute|wait a minute|wait a second|wait|bear with me|" +
		"how do i say|how shall i put it|whats it called|what is it called|what was it|um|uh|er|erm|umm|uhm|hmm|mm|mmm|you know|you know what|the thing is|i mean|how should i say"),
	"es": set("a ver|déjeme ver|déjame ver|déjeme pensar|déjame pensar|un momento|un momentito|un segundo|un minuto|espere|espera|espere un momento|cómo se dice|como se dice|eh|em|mmm|mm|este|o sea|es que|la verdad|vamos a ver"),
	"de": set("moment|einen moment|moment mal|augenblick|einen augenblick|sekunde|eine sekunde|eine minute|warten sie|warte|warte mal|mal sehen|mal schauen|mal gucken|lassen sie mich sehen|" +
		"lassen sie mich überlegen|lass mich überlegen|ich schaue mal|ich schau mal|ich muss überlegen|wie sagt man|wie soll ich sagen|na ja|naja|äh|ähm|öh|hm|mm|ehm"),
	"fr": set("attendez|attends|attendez voir|attends voir|voyons|voyons voir|un moment|un instant|une seconde|une minute|deux secondes|deux minutes|laissez moi voir|laissezmoi voir|laissez moi réfléchir|" +
		"je réfléchis|je regarde|je vérifie|comment dire|euh|heu|hum|mm|ben|bah|à propos|en fait"),
	"it": set("vediamo|vediamo un po|fammi vedere|mi faccia vedere|mi faccia pensare|fammi pensare|un momento|un attimo|un secondo|un minuto|aspetti|aspetta|aspetti un attimo|come si dice|come dire|ehm|eh|uhm|mm|mmm|cioè|dunque"),
	"pt": set("deixa eu ver|deixe eu ver|deixeme ver|deixe me ver|deixa ver|deixa eu pensar|vamos ver|vejamos|um momento|um momentinho|um segundo|um minuto|um minutinho|um instante|só um instante|espere|espera|espera aí|peraí|" +
		"aguarde|como se diz|ahn|hum|hm|mm|eh|é que|na verdade|quer dizer"),
	"nl": set("even kijken|eens kijken|even zien|even denken|laat me even kijken|moment|een moment|momentje|een momentje|een ogenblik|ogenblikje|een seconde|een minuutje|seconde|wacht|wacht even|" +
		"hoe zeg je dat|hoe heet het|eh|ehm|mm|nou ja|uh|uhm|hm"),
	"id": set("sebentar|sebentar ya|tunggu|tunggu sebentar|sebentar saya cek|saya cek dulu|saya lihat dulu|coba saya lihat|coba lihat|satu menit|apa ya|apa namanya|gimana ya|anu|em|ehm|eh|eee|hmm|mm"),
	"hi": set("एक मिनट|एक सेकंड|एक क्षण|रुकिए|रुको|ज़रा रुकिए|जरा रुकिए|देखता हूँ|देखती हूँ|देखता हूं|देखती हूं|मैं देखता हूँ|सोचने दीजिए|देखने दीजिए|ढूंढने दीजिए|dekhne dijiye|मतलब|उम|अं|हम्म|ek minute|ek minat|ek second|rukiye|ruko|matlab|um|hmm"),
	"ja": set("えっと|えーと|ええと|えーっと|あの|あのー|そうですねえ|うーんと|んーと|なんだっけ|何だっけ|ちょっと待って|ちょっと待ってください|少々お待ちください|少し待ってください|待ってください|なんていうか|確認します"),
	"ko": set("잠깐만요|잠깐만|잠시만요|잠시만|잠깐|기다려 주세요|기다려주세요|잠시만 기다려 주세요|잠깐만 있어 봐요|잠시만 있어 봐요|잠깐 있어 봐요|잠깐만 기다려 봐요|기다려 봐요|어디 보자|어디보자|글쎄요|그러니까|뭐더라|뭐였더라|음|어|그게|저기"),
}

// ifsOf are first words of a sentence of which the other half must come.
var ifsOf = map[string]map[string]bool{
	"en": set("if|unless|although|though|once"), "es": set("si|aunque|cuando"), "de": set("wenn|falls|obwohl|sobald|weil"), "fr": set("si|quand|lorsque|comme"), "it": set("se|quando|siccome|appena"),
	"pt": set("se|quando|embora|caso"), "nl": set("als|hoewel|zodra|indien|omdat"), "id": set("kalau|jika|bila|walaupun|meskipun|karena"), "hi": set("अगर|यदि|जब|agar|jab"), "ja": nil, "ko": set("만약"),
}

// offerOf are beginnings of an announcement that something is looked up, which two or three words end.
var offerOf = map[string]map[string]bool{
	"en": set("let me|lemme|ill check|ill look|im checking|im looking"), "es": set("déjeme|déjame|deje|permítame|voy a mirar|voy a ver|voy a buscar|estoy buscando|estoy mirando"),
	"de": set("lassen sie|lass mich|ich schau|ich schaue|ich suche mal|ich gucke|ich sehe nach"), "fr": set("laissez moi|laissezmoi|laisse moi|je regarde|je vérifie|je cherche"),
	"it": set("fammi|mi faccia|mi lasci|sto cercando|sto guardando|sto controllando"), "pt": set("deixa eu|deixe me|deixeme|vou ver|vou procurar|vou olhar|estou procurando"),
	"nl": set("even|laat me|laat mij|ik kijk|ik zoek|eens"), "id": set("saya cari|saya cek|saya lihat|coba saya|biar saya"),
}

var offerEndsOf = map[string][]string{
	"ko": {"볼게요", "볼께요", "보겠습니다", "찾는 중이에요", "확인할게요"}, "ja": {"探します", "さがします", "確認します", "調べます", "見てみます", "お待ちください", "待ってください"},
}
