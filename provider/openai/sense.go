package openai

import (
	"regexp"
	"strings"
	"time"
	"unicode"
)

// Models of Whisper's kind make sentences of breath and noise: those of the subtitles that they learnt from. What follows knows
// them by the model's own doubts, where it tells them, by what nobody can say in so short a time, and by their words.
const (
	noSpeech   = 0.6  // probability above which a segment is silence …
	doubt      = -1.0 // … if the mean log-probability of its words is below: Whisper's own rule
	repeats    = 2.4  // compression ratio above which a segment goes round in circles: Whisper's own rule
	quickest   = 40   // characters a second; people say 25 at most
	allowance  = 15   // characters more, for what the ends of an utterance hide
	leastEcho  = 5    // words of the prompt in a row that are no accident
	maxSegment = 200  // of one answer
)

var (
	asides = regexp.MustCompile(`\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?`) // [BLANK_AUDIO], (music), *coughs*
	// credits are what subtitles end with, in the languages of the contract. Nobody says them on the telephone.
	credits = regexp.MustCompile(`(?i)^\W*(` + strings.Join([]string{
		`(thanks|thank you)( so much| very much)? for watching`, `(please )?(like and )?subscribe( to (my|our|the) channel)?`,
		`(subtitles|subtitled|captions|captioned|transcription|transcribed|translated)( and \w+)? by .*`, `.*\bamara\.org\b.*`,
		`untertitel(ung)?( der| des| von| im auftrag).*`, `vielen dank fürs zuschauen`,
		`sous-titr(es|age|é).*`, `merci d'avoir regardé.*`,
		`subt[íi]tulos (realizados|creados|hechos|por|de).*`, `gracias por ver( el v[ií]deo)?`,
		`sottotitoli (e revisione |creati |a cura ).*`, `legendas? (pela|por|de) .*`, `obrigado por assistir.*`,
		`ondertitel(s|d|ing) .*`, `bedankt voor het kijken`, `terima kasih (telah|sudah) menonton`,
		`ご視聴ありがとうございました`, `チャンネル登録.*`, `시청해\s?주셔서 감사합니다`, `देखने के लिए धन्यवाद`,
	}, "|") + `)[\W。]*$`)
)

// sensible is what was said, "" when a model has made it up: of so much sound, asked with that prompt.
func sensible(text string, sound time.Duration, prompt string) string {
	text = strings.Join(strings.Fields(asides.ReplaceAllString(text, " ")), " ")
	letters := 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			letters++
		}
	}
	if letters == 0 || letters > allowance+int(sound.Seconds()*quickest) || credits.MatchString(text) || echoes(text, prompt) {
		return ""
	}
	return text
}

// echoes reports whether the model says the prompt again, which it does when it hears nothing.
func echoes(text, prompt string) bool {
	said := plainWords(text)
	return len(said) >= leastEcho && strings.Contains(" "+strings.Join(plainWords(prompt), " ")+" ", " "+strings.Join(said, " ")+" ")
}

func plainWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '\'' })
}

// made reports whether a segment is the model's own invention, by what it says of itself.
func (s *segment) made() bool {
	return s.NoSpeech > noSpeech && s.Logprob < doubt || s.Compression > repeats
}
