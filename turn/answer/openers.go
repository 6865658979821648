package answer

import (
	"slices"
	"strings"
)

// An opener is what kind of word an answer begins with, after "hello" and the like.
type opener uint8

const (
	greeting  opener = iota // nothing but how people and machines alike begin
	telephone               // what only people say who do not know who calls: a yes, an allô, a question
	named                   // a word of no closed class: whoever begins so tells a name, mostly their own
	told                    // I, it is, this is: a person tells who they are, or their machine does
	sentence                // an article, a possessive, you, we: sentences begin so, answers do not
)

// openers are words by which it can be told, of one language, as plain writes them. All three are closed classes, but for how announcements thank,
// welcome and are sorry.
type openers struct{ telephone, told, announces []string }

// opening is how a plain text begins, and how many words follow the greetings in it.
func (l *lexicon) opening(said string, o *openers) (kind opener, words int) {
	if o == nil {
		return told, 0
	}
	if l.unspaced {
		return o.unspaced(strings.ReplaceAll(said, " ", ""))
	}
	for {
		if t := starts(said, o.telephone); len(t) > len(starts(said, o.announces)) {
			return telephone, strings.Count(said, " ") - 1
		}
		h := starts(said, l.hello)
		if h == "" {
			break
		}
		said = said[len(h)+1:]
	}
	words = strings.Count(said, " ") - 1
	switch {
	case words <= 0:
		return greeting, 0
	case starts(said, o.announces) != "":
		return sentence, words
	case starts(said, o.told) != "":
		return told, words
	}
	return named, words
}

// unspaced: what is a word there is not known, and names end the sentences of both.
func (o *openers) unspaced(said string) (opener, int) {
	begins := func(list []string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return strings.HasPrefix(said, p) })
	}
	switch {
	case begins(o.telephone):
		return telephone, 1
	case begins(o.announces):
		return sentence, 1
	}
	return told, 1
}

// starts gives the first of phrases that a plain text begins with.
func starts(said string, phrases []string) string {
	for _, p := range phrases {
		if len(said) > len(p)+1 && said[len(p)+1] == ' ' && said[1:len(p)+1] == p {
			return p
		}
	}
	return ""
}

// opens makes openers of lists with spaces between; in a phrase stands _ for one.
func opens(telephone, told, announces string) *openers {
	list := func(words string) []string {
		f := strings.Fields(words)
		for i := range f {
			f[i] = strings.ReplaceAll(f[i], "_", " ")
		}
		return f
	}
	return &openers{list(telephone), list(told), list(announces)}
}

var opened = map[string]*openers{
	"en": opens("yes yeah yep yup no nope ok okay oh uh um huh who whos what whats speaking go_ahead come_on",
		"i im ive ill its it this thats that thank thanks sorry how here my mine good",
		"nobody no_one the a an your youve youre you youll we were weve our all both please welcome to for if at in on as due there calls press dial most unfortunately zero one two three four five six seven eight nine"),
	"es": opens("sí diga dígame digame dime bueno aló alo mande quién quien_es qué ah eh",
		"soy si es me yo no ahora aquí aqui habla le mi",
		"el la los las un una este esta su sus usted ustedes nuestro nuestra nuestros nuestras todos todas lo ha han bienvenido bienvenida bienvenidos bienvenidas gracias por para en lamentamos se tu tus estamos"),
	"de": opens("ja wer was hm am_apparat ach",
		"ich hier mein bitte es dies das nein",
		"der die den dem diese dieser dieses ein eine sie ihr ihre ihren unser unsere unseren alle willkommen herzlich herzlichen vielen danke für leider wir zurzeit derzeit um im in du dein"),
	"fr": opens("allô allo oui ouais qui quoi ah",
		"je cest ici moi non jai pardon il bonne",
		"le la les un une votre vos vous ce cette ces nos notre nous tous toutes tout bienvenue merci pour en si désolé désolés actuellement tu ton"),
	"it": opens("pronto sì chi che mi_dica dica ah eh",
		"sono io è qui no mi si casa",
		"il lo la i gli le un una questo questa tutti tutte suo sua benvenuto benvenuta benvenuti benvenute grazie per siamo in al ci lei hai ha avete nostro nostri spiacenti attualmente"),
	"pt": opens("alô alo sim quem quê diga fala ah",
		"eu sou aqui é não nao meu",
		"o a os as um uma este esta seu sua seus suas você voce nosso nossa nossos nossas todos todas bem bemvindo bemvinda obrigado obrigada por para em no na agradecemos desculpe neste nesse ligou"),
	"nl": opens("ja met wie wat ja_hallo zeg_het",
		"ik dit hier mijn nee het is",
		"de een deze u uw je jouw onze ons al alle welkom bedankt voor wij we op in helaas momenteel alstublieft"),
	"id": opens("ya iya halo siapa hm dengan_siapa",
		"ini saya aku disini tidak bukan di",
		"nomor pelanggan anda semua selamat terima terimakasih maaf silakan untuk kami mohon telepon saat harap panggilan"),
	"hi": opens("हैलो हेलो हलो जी हाँ हां कौन बोलिए अरे",
		"मैं यह ये मेरा नहीं",
		"आप आपका आपकी आपके आपने जिस जिसे इस हमारे हमारा हमारी हम कृपया सभी वर्तमान इन अभी का धन्यवाद क्षमा नंबर"),
	"ja": opens("はい もしもし ええ どなた どちら なに", "", "おかけ ただいま 只今 この お客様 現在 お電話 申し訳 こちらは 恐れ 留守"),
	"ko": opens("네 예 여보세요 응 누구 어디", "", "고객님 지금 현재 이 전화 안내 죄송 해당 통화 저희"),
}
