package menu

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parley-voice/parley/turn"
)

const (
	telling = 4 // characters of a word that may tell what a choice is for
	stem    = 5 // of two that are the same word
)

// ones are the digits as they are read out, from zero; languages that write them within words have none.
var ones = map[string][]string{
	"en": strings.Fields("zero one two three four five six seven eight nine"),
	"es": strings.Fields("cero uno dos tres cuatro cinco seis siete ocho nueve"),
	"de": strings.Fields("null eins zwei drei vier fünf sechs sieben acht neun"),
	"fr": strings.Fields("zéro un deux trois quatre cinq six sept huit neuf"),
	"it": strings.Fields("zero uno due tre quattro cinque sei sette otto nove"),
	"pt": strings.Fields("zero um dois três quatro cinco seis sete oito nove"),
	"nl": strings.Fields("nul een twee drie vier vijf zes zeven acht negen"),
	"id": strings.Fields("nol satu dua tiga empat lima enam tujuh delapan sembilan"),
	"hi": strings.Fields("शून्य एक दो तीन चार पाँच छह सात आठ नौ"),
}

// An option is a key and the words that it was read out with.
type option struct {
	key   string
	words []string
}

// options are those of a text: mostly the words before a key are what it is for, but where nothing stands before the first.
func options(language, text string) []option {
	words := strings.Fields(turn.Plain(text))
	var all []option
	from, after := 0, false
	for i, w := range words {
		key := slices.Index(ones[language], w)
		if len(w) == 1 && w[0] >= '0' && w[0] <= '9' {
			key = int(w[0] - '0')
		}
		if key < 0 {
			continue
		}
		if len(all) == 0 {
			after = !slices.ContainsFunc(words[:i], func(w string) bool { return utf8.RuneCountInString(w) >= telling && !presses(w) })
		} else if after {
			all[len(all)-1].words = words[from:i]
		}
		all = append(all, option{fmt.Sprint(key), words[from:i]})
		from = i + 1
	}
	if after {
		all[len(all)-1].words = words[from:]
	}
	return all
}

// presses reports whether a word is what choices begin with: "press one for sales".
func presses(w string) bool {
	return slices.Contains([]string{"press", "dial", "pulse", "marque", "presione", "oprima", "drücken", "wählen", "tapez", "appuyez", "composez", "prema", "premi", "digiti", "digite", "tecle", "pressione", "disque", "toets", "druk", "kies", "tekan", "pilih", "दबाएं", "दबाएँ"}, w)
}

// serves is the key whose words have most in common with the purpose of the call, but for those that led back here.
func (g *Guide) serves(p *Place) (key, word string) {
	all := options(g.o.Language, p.Text)
	most := 0
	for i, o := range all {
		if slices.ContainsFunc(p.Choices, func(m *Made) bool { return m.Text == o.key && m.Led == p }) {
			continue
		}
		n, first := 0, ""
		for _, w := range o.words {
			if utf8.RuneCountInString(w) < telling || empty[w] || elsewhere(all, i, w) || !slices.ContainsFunc(g.purpose, func(v string) bool { return alikeWords(v, w) }) {
				continue
			}
			if n++; first == "" {
				first = w
			}
		}
		if n > most {
			most, key, word = n, o.key, first
		}
	}
	return key, word
}

// elsewhere reports whether another option has the word, too: it tells nothing.
func elsewhere(all []option, but int, w string) bool {
	for i, o := range all {
		if i != but && slices.Contains(o.words, w) {
			return true
		}
	}
	return false
}

// empty are words of any call, and of any menu.
var empty = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`about again also another anything call called calling calls choose dial enter from have help hear here information keep know like line menu more need number option options other
		others please press question questions said same should speak stay talk tell than that their them then there these they this those want wait what when with would your yours yourself
		acerca ahora desea esta este favor llama llamada llamar marque número otra otras otro otros para pregunta preguntas pulse quiere quiero sobre tiene todos usted
		aber alle alles andere anderen anruf bitte drücken eine einen einer eines für haben hier ihnen ihre ihren ihrer nicht möchte möchten oder rufen über frage fragen wählen wenn wegen wird
		appel appelez appuyez autre autres avec avez bonjour cette concernant dans demande êtes notre nous pour question sont souhaitez tapez toute toutes tous votre vous
		altra altre altri altro chiama chiamata della delle desidera domande informazioni nostro numero oppure prema premi questa questo sono tutte tutti vostra vuole
		aqui como digite esta este gostaria ligação ligar mais nossa nosso outra outras outro outros pergunta perguntas quer sobre sua suas tecle você
		andere bellen belt druk graag heeft kies maken meer naar onze toets vraag vragen voor wilt
		anda atau dengan hubungi kami ingin lainnya menghubungi pilih saya silakan tekan tentang untuk yang`) {
		m[w] = true
	}
	return m
}()

// alikeWords reports whether two words are one, but for their endings.
func alikeWords(a, b string) bool {
	if a == b {
		return true
	}
	ra, rb := []rune(a), []rune(b)
	return len(ra) >= stem && len(rb) >= stem && slices.Equal(ra[:stem], rb[:stem])
}
