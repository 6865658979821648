package turn

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A want is what the agent asked for, if that is something with a shape.
type want uint8

const (
	anything want = iota
	aYes          // a question that a yes or a no answers
	aNumber       // of an account, an order, a card; a code
	aPhone
	anEmail
	aName
	anAddress
	aDate
	aSpelling
)

// A topic is a want and the words that a question for it has: whole ones, or, with a star, their beginnings.
type topic struct {
	want  want
	words string
}

// topicsOf stand in the order in which they are looked for: an e-mail address is no address.
var topicsOf = map[string][]topic{
	"en": {{aSpelling, "spell*"}, {anEmail, "email* mail*"}, {aPhone, "phone* telephone* mobile* cell callback"}, {aNumber, "number* digit* code* pin zip* postcode* card* account* passcode*"},
		{anAddress, "address* street*"}, {aDate, "date* birthday* born"}, {aName, "name*"}},
	"es": {{aSpelling, "deletre*"}, {anEmail, "correo* email* electrónico"}, {aPhone, "teléfono* móvil* celular*"}, {aNumber, "número* código* tarjeta* cifra* dígito* pin cuenta"},
		{anAddress, "dirección* domicilio* calle"}, {aDate, "fecha* nacimiento naciste nació"}, {aName, "nombre* apellido* llama llamas"}},
	"de": {{aSpelling, "buchstabier*"}, {anEmail, "email* mail*"}, {aPhone, "telefon* handy* rückruf*"}, {aNumber, "*nummer nummer* code* pin postleitzahl* plz ziffer*"},
		{anAddress, "adresse* anschrift* straße* wohnen"}, {aDate, "datum *datum geburt* geboren"}, {aName, "name* nachname* vorname* heißen"}},
	"fr": {{aSpelling, "épel*"}, {anEmail, "email* mail* courriel* électronique"}, {aPhone, "téléphone* portable* mobile*"}, {aNumber, "numéro* code* carte* chiffre* compte"},
		{anAddress, "adresse* rue habitez"}, {aDate, "date* naissance né née"}, {aName, "nom prénom* appelez appelezvous vousappelez"}},
	"it": {{aSpelling, "compit* sillab* lettera"}, {anEmail, "email* mail* posta"}, {aPhone, "telefono* cellulare* recapito"}, {aNumber, "numero* codice* carta cifr* cap pin conto"},
		{anAddress, "indirizzo* via abita"}, {aDate, "data nascita nato nata"}, {aName, "nome cognome* chiama chiami"}},
	"pt": {{aSpelling, "soletr*"}, {anEmail, "email* mail* correio"}, {aPhone, "telefone* celular* telemóvel*"}, {aNumber, "número* código* cartão* dígito* cep conta pin"},
		{anAddress, "endereço* morada* rua mora"}, {aDate, "data nascimento nasceu"}, {aName, "nome* sobrenome* apelido* chama"}},
	"nl": {{aSpelling, "spel*"}, {anEmail, "email* mail*adres*"}, {aPhone, "telefoon* mobiel*"}, {aNumber, "*nummer nummer* code* postcode* pincode* cijfer*"},
		{anAddress, "adres* straat* woont"}, {aDate, "datum *datum geboren"}, {aName, "naam achternaam voornaam heet"}},
	"id": {{aSpelling, "eja ejaan mengeja"}, {anEmail, "email* mail* surel"}, {aPhone, "telepon* hp ponsel"}, {aNumber, "nomor* kode* angka* kartu pin rekening"},
		{anAddress, "alamat* jalan tinggal"}, {aDate, "tanggal* lahir"}, {aName, "nama*"}},
	"hi": {{aSpelling, "स्पेलिंग spelling"}, {anEmail, "ईमेल* email*"}, {aPhone, "फ़ोन फोन मोबाइल phone mobile"}, {aNumber, "नंबर* कोड पिन अंक कार्ड number code"},
		{anAddress, "पता पते address"}, {aDate, "तारीख* जन्म* tareekh"}, {aName, "नाम naam"}},
	"ja": {{aSpelling, "綴り スペル つづり"}, {anEmail, "メール"}, {aPhone, "電話番号 電話"}, {aNumber, "番号 コード 暗証 桁"}, {anAddress, "住所"}, {aDate, "日付 生年月日 誕生日"}, {aName, "名前 氏名"}},
	"ko": {{aSpelling, "철자 스펠링"}, {anEmail, "이메일 메일"}, {aPhone, "전화번호 전화 연락처 휴대폰"}, {aNumber, "번호 코드 비밀번호 자리"}, {anAddress, "주소"}, {aDate, "날짜 생년월일 생일"}, {aName, "이름 성함"}},
}

// requests are words by which a sentence without a question mark asks for something.
var requests = set("please|tell|give|need|may|could|can|what|whats|which|confirm|enter|say|bitte|sagen|nennen|geben|brauche|por|favor|diga|dígame|dime|necesito|puede|plaît|donnez|dites|pouvez|" +
	"favore|dica|dammi|può|pode|diga|preciso|alstublieft|graag|geef|noem|mag|tolong|mohon|sebutkan|boleh|कृपया|बताइए|बताएं|दीजिए")

// A request is what the agent asked for.
type request struct {
	want   want
	digits int  // of the number; 0: not said
	yes    bool // a yes or a no is a whole answer to it
}

// Asked tells what the agent has said last: what it asked for is waited for until it is whole.
func (d *Detector) Asked(text string) {
	d.request = d.lang.request(text)
	d.judge()
}

// request looks in the last two sentences of a text for what they ask for.
func (l *language) request(text string) request {
	last := lastSentences(text)
	asks := strings.ContainsAny(last, "?？")
	words := split(last)
	for _, w := range words {
		asks = asks || requests[w]
	}
	if l.unspaced || strings.ContainsFunc(last, func(r rune) bool { return unicode.Is(unicode.Hangul, r) }) {
		asks = true
	}
	if !asks {
		return request{}
	}
	for _, t := range l.topics {
		for _, w := range strings.Fields(t.words) {
			if l.mentions(words, w) {
				return request{t.want, l.countAsked(words, t.want), l.confirms(words)}
			}
		}
	}
	if strings.ContainsAny(last, "?？") {
		return request{want: aYes, yes: true}
	}
	return request{}
}

// confirms: the question is whether something is so.
func (l *language) confirms(words []string) bool {
	for _, w := range words {
		if confirming[w] {
			return true
		}
	}
	if l.unspaced || len(words) == 0 {
		return longest(strings.Join(words, ""), []string{"よろしいですか", "よろしいでしょうか", "合っていますか", "あっていますか", "間違いないですか", "正しいですか"}) > 0
	}
	return whether[words[0]]
}

var (
	confirming = set("right|correct|correcto|correcta|verdad|richtig|stimmt|korrekt|exact|correcte|corretto|corretta|giusto|esatto|correto|correta|certo|klopt|juist|correct|benar|betul|सही|맞나요|맞습니까|맞으세요|맞죠|맞지요")
	whether    = set("is|are|was|were|do|does|did|has|es|está|son|ist|sind|haben|hat|estce|è|é|heeft|apakah|sudahkah")
)

// lastSentences are the last two of a text.
func lastSentences(text string) string {
	text = strings.TrimSpace(text)
	at, n := len(text), 0
	for at > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:at])
		if strings.ContainsRune("!?。！？।", r) || r == '.' && (at == len(text) || text[at] == ' ') {
			if n++; n == 3 {
				break
			}
		}
		at -= size
	}
	return text[at:]
}

// mentions reports whether one of the words is w. A star stands for anything.
func (l *language) mentions(words []string, w string) bool {
	bare := strings.ReplaceAll(strings.Trim(w, "*"), "-", "")
	for _, v := range words {
		switch {
		case v == bare, strings.HasSuffix(w, "*") && strings.HasPrefix(v, bare), strings.HasPrefix(w, "*") && strings.HasSuffix(v, bare):
			return true
		case l.topicsInside() && strings.Contains(v, bare):
			return true
		}
	}
	return false
}

// topicsInside: words carry particles, or are not parted at all.
func (l *language) topicsInside() bool { return l.numbers.signs != "" }

// countAsked is how many digits the question says that there are: "the last four digits", "the 6-digit code".
func (l *language) countAsked(words []string, w want) int {
	if w != aNumber {
		return 0
	}
	for i, v := range words {
		n := 0
		switch {
		case len(v) <= 2 && len(v) > 0 && v[0] >= '1' && v[0] <= '9':
			for _, r := range v {
				n = n*10 + int(r-'0')
			}
		case l.numbers.ones[v]:
			n = smallest[v]
		}
		if n >= 3 && n <= 20 && i+1 < len(words) && strings.Contains("digit digits letzten ziffern stellige stelligen dígitos cifras chiffres cifre cijfers angka अंक digiti", words[i+1]) {
			return n
		}
	}
	return 0
}

// smallest are counts of digits that questions name by a word.
var smallest = map[string]int{"three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "vier": 4, "sechs": 6, "fünf": 5, "cuatro": 4, "seis": 6, "quatre": 4, "six ": 6,
	"quattro": 4, "sei": 6, "quatro": 4, "zes": 6, "empat": 4, "enam": 6, "चार": 4, "छह": 6}

// fits corrects how finished words sound by what was asked for: what is not whole yet goes on.
func (l *language) fits(r request, text string, score float64) float64 {
	words := split(text)
	if r.want == anything {
		r.want = l.announced(words)
	}
	if len(words) == 0 || score < open {
		return l.whole(r, words, text, score)
	}
	switch brief := l.brief(words, text); {
	case len(words) == 1 && greetings[words[0]]:
		return sure
	case r.yes && brief:
		return sure
	case r.want == anything && brief:
		return min(score, 0.65) // yes: and what else?
	case brief:
		return 0.2 // "sure", and then the number
	case r.want == anything && strings.HasSuffix(text, "?"): // asked is asked, in two words, too
	case r.want == anything && (len(words) == 1 && !farewells[words[0]] || len(words) == 2 && !l.closes(words)) && !l.unspaced:
		return min(score, 0.6) // a word that answers nothing is the beginning of more
	}
	return l.whole(r, words, text, score)
}

// announced is what the caller says is coming, though nobody has asked for it: my number is, I am called.
func (l *language) announced(words []string) want {
	n := len(words)
	for i, w := range words[:max(0, n-1)] {
		if naming[w] && i >= n-4 {
			return aName
		}
	}
	if l.figure(words).words == 0 {
		return anything
	}
	for _, t := range l.topics {
		if t.want != aNumber && t.want != aPhone {
			continue
		}
		for _, w := range strings.Fields(t.words) {
			if l.mentions(words, w) {
				return t.want
			}
		}
	}
	return anything
}

// naming are words that a name follows.
var naming = set("name|surname|called|nombre|apellido|llamo|nachname|vorname|heiße|heisse|nom|prénom|appelle|mappelle|nome|cognome|chiamo|chamo|sobrenome|apelido|naam|achternaam|voornaam|heet|nama|नाम")

// whole judges by the shape of what was asked for.
func (l *language) whole(r request, words []string, text string, score float64) float64 {
	f := l.figure(words)
	ends := f.words > 0
	switch r.want {
	case aNumber, aPhone:
		return l.wholeFigure(r, f, score)
	case anEmail:
		switch host, dot := l.mailed(words, text); {
		case host && dot && domains[words[len(words)-1]]:
			return sure
		case host && dot:
			return max(score, 0.9)
		case host || len(words) > 0 && !l.closes(words):
			return min(score, 0.1)
		}
	case aName:
		switch {
		case l.closing != nil && l.closes(words):
			return max(score, 0.8)
		case len(words) == 1 || l.introduced(words):
			return min(score, 0.5)
		case len(words) > 2 && l.trailing[words[len(words)-3]] && !l.leadsOn(words, false):
			return max(score, 0.8) // two of them
		case len(words) == 2 && score < enough && !l.leadsOn(words, false):
			return enough
		}
	case anAddress:
		if ends {
			return min(score, 0.15)
		}
		return min(score, 0.6)
	case aDate:
		switch {
		case ends && f.digits >= 4 && len(words) > f.words:
			return 0.9 // with its year
		case ends && len(words) < 3:
			return min(score, open)
		}
	case aSpelling:
		if score < sure && utf8.RuneCountInString(words[len(words)-1]) > 1 {
			return min(score, unsure) // the word, and then its letters
		}
		if l.spells(words) || utf8.RuneCountInString(words[len(words)-1]) == 1 {
			return 0.2
		}
	}
	return score
}

func (l *language) wholeFigure(r request, f figure, score float64) float64 {
	need := r.digits
	switch {
	case f.words == 0:
		return score
	case need > 0 && f.all >= need:
		return max(score, sure)
	case need > 0:
		return min(score, 0.1)
	case f.all < 7:
		return min(score, 0.15)
	case f.all < wholeNumber:
		return min(score, 0.25)
	}
	if f.all > wholeNumber {
		return max(score, 0.85)
	}
	return max(score, enough)
}

// brief: it is nothing but a yes or a no.
func (l *language) brief(words []string, text string) bool {
	return len(words) <= 3 && l.backchannel(text) || len(words) == 1 && noes[words[0]]
}

// farewells are single words that are a whole turn.
var farewells = set("bye|goodbye|thanks|stop|help|gracias|adiós|danke|tschüss|merci|grazie|arrivederci|ciao|obrigado|obrigada|tchau|bedankt|doei|makasih|धन्यवाद|शुक्रिया|감사합니다|고마워요")

// greetings are said by somebody who waits to hear that there is somebody.
var greetings = set("hello|hola|aló|hallo|allô|allo|pronto|alô|olá|halo|हैलो|हेलो|नमस्ते|もしもし|여보세요")

var noes = set("no|nope|nah|nein|nee|non|não|tidak|bukan|nggak|नहीं|nahi|nahin|いいえ|いえ|ううん|아니요|아니오|아니")

// mailed: the words have an at, and after it a dot with something behind.
func (l *language) mailed(words []string, text string) (host, dot bool) {
	if _, after, ok := strings.Cut(text, "@"); ok {
		return true, strings.Contains(strings.Trim(after, ". "), ".")
	}
	for i, w := range words {
		switch {
		case ats[w]:
			host, dot = true, false
		case host && dots[w] && i+1 < len(words):
			dot = true
		case host && domains[w] && i > 0:
			dot = true
		}
	}
	return host, dot
}

var (
	ats     = set("at|arroba|ät|arobase|arrobas|chiocciola|apenstaartje|एट|アットマーク|골뱅이")
	dots    = set("dot|punto|punkt|point|ponto|punt|titik|डॉट|ドット|점|닷")
	domains = set("com|org|net|edu|de|es|fr|it|br|nl|id|in|jp|kr|uk|io|eu")
)

// introduced: one name has been said after "my name is", and the other may follow.
func (l *language) introduced(words []string) bool {
	n := len(words)
	return n >= 2 && n <= 4 && l.trailing[words[n-2]]
}
