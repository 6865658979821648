package responder

import (
	"slices"
	"strings"
	"unicode"
)

// stopWords carry no meaning of their own. They also give a language away.
var stopWords = map[string]map[string]bool{
	"en": set(`a an the and or but if so of to in on at by for from with as into about is are was were be been am it its it's this that these those
there here he she they them their his her you your you're yours we us our i i'm i'd i'll i've me my what what's who whom which how when where why do does did
done have has had can could will would shall should may might must not no yes than then too very just also any some please um uh uhm er hmm ah well ok okay yeah
want wanna like need know tell get got let say ask hear hello hi hey sir madam good really actually maybe thing things something anything everything one much
many more a's sorry excuse going go guys see come exactly usually normally generally possible possibly perhaps basically currently right still already ever also
both again moment second minute today's good great fine nice`),
	"es": set(`el la los las un una unos de del que y o a en por para con es son está están soy su sus mi me se lo le hay qué cuál cuándo dónde cómo cuánto quiero quisiera puedo usted ustedes no sí al más`),
	"de": set(`der die das den dem ein eine einen und oder ist sind war ich du sie wir ihr mein ihre in im am an auf für mit von zu zum zur nicht was wer wie wo wann warum haben hat habe kann können möchte bitte es gibt auch noch`),
	"fr": set(`le la les un une des de du et ou est sont je tu vous nous il elle mon ma votre vos à au aux en dans pour par avec que qui quoi quel quelle quand où comment combien ne pas ce cette se avez avoir voudrais puis peux est-ce y`),
	"pt": set(`o a os as um uma de do da dos das e ou em no na nos nas por para com é são eu você vocês meu minha seu sua que qual quando onde como quanto não sim me se tem há quero queria posso ao à`),
	"it": set(`il lo la i gli le un una di del della dei e o a al in nel per con è sono io lei voi mio mia suo che chi quale quando dove come quanto non si mi ci vorrei posso avete ha ho`),
	"nl": set(`de het een en of is zijn ik je u wij we jullie mijn uw in op aan voor met van te naar niet wat wie hoe waar wanneer waarom heeft hebben kan kunnen wil graag er ook om`),
	"id": set(`yang dan atau di ke dari untuk dengan adalah ini itu saya anda kami kita apa siapa kapan mana bagaimana berapa tidak ada bisa ingin mau akan pada sudah juga`),
	"hi": set(`है हैं का की के को में से पर और या यह वह मैं आप हम क्या कौन कब कहाँ कैसे कितना नहीं हाँ मुझे मेरा आपका हो था कृपया`),
	"ja": {}, "ko": {},
}

// languageOf is the contract code of the language a text is in, en when nothing speaks for another.
func languageOf(text string) string {
	var kana, hangul, nagari, letters int
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			kana++
		case unicode.Is(unicode.Hangul, r):
			hangul++
		case unicode.Is(unicode.Devanagari, r):
			nagari++
		}
		if unicode.IsLetter(r) {
			letters++
		}
	}
	for _, s := range []struct {
		n    int
		lang string
	}{{kana, "ja"}, {hangul, "ko"}, {nagari, "hi"}} {
		if s.n*5 > letters && s.n > 0 {
			return s.lang
		}
	}
	counts := map[string]int{}
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		for lang, stop := range stopWords {
			if stop[w] {
				counts[lang]++
			}
		}
	}
	best := "en"
	langs := make([]string, 0, len(counts))
	for l := range counts {
		langs = append(langs, l)
	}
	slices.Sort(langs)
	for _, l := range langs {
		if counts[l] > counts[best]+1 {
			best = l
		}
	}
	return best
}
