package conversation

import (
	"strings"
	"time"

	"github.com/parley-voice/parley/turn"
)

// Somebody who asked for a moment is not asked whether they are there.
const (
	aMoment = time.Minute      // that long
	onMusic = 10 * time.Minute // and that long at most while there is sound on the line: hold music
	musical = 5 * time.Second  // sound that paused for longer has ended
)

// wait is a moment that somebody asked for.
type wait struct {
	since time.Duration // 0: nobody did
	sound time.Duration // the last sound on the line
}

// until is when it has lasted too long.
func (w *wait) until(heard time.Duration) time.Duration {
	if heard > w.sound && heard-max(w.since, w.sound) <= musical {
		w.sound = heard
	}
	return min(max(w.since+aMoment, w.sound+musical), w.since+onMusic)
}

// asksToWait reports whether a turn asks for a moment, and leaves it at that: a long one that happens to have the words in it says more.
func asksToWait(language, text string) bool {
	words := turn.Plain(text)
	if strings.Count(words, " ") > mostWords+1 {
		return false
	}
	for _, m := range inLanguage(momentsOf, language) {
		if strings.Contains(words, m) {
			return true
		}
	}
	return false
}

// mostWords of a turn that asks for a moment.
const mostWords = 14

// momentsOf are the words with which a moment is asked for, as turn.Plain writes them; those of languages without spaces stand anywhere.
var momentsOf = map[string][]string{
	"en": {" one moment ", " just a moment ", " a moment please ", " one second ", " just a second ", " one sec ", " just a sec ", " give me a second ", " give me a sec ",
		" give me a moment ", " give me a minute ", " one minute ", " just a minute ", " wait a minute ", " wait a second ", " wait a moment ", " hold on ", " hang on ", " please hold ",
		" hold please ", " hold the line ", " stay on the line ", " bear with me ", " put you on hold ", " let me check ", " let me get ", " let me find ", " let me grab ", " ill be right back ", " be right back "},
	"es": {" un momento ", " un momentito ", " un segundo ", " un minuto ", " espere un ", " espera un ", " no cuelgue ", " no cuelgues ", " manténgase en línea ", " déjeme ver ", " déjame ver ", " permítame un "},
	"de": {" einen moment ", " moment bitte ", " ein moment ", " einen augenblick ", " augenblick bitte ", " eine sekunde ", " eine minute ", " sekunde bitte ", " warten sie kurz ", " bleiben sie dran ",
		" bleiben sie bitte dran ", " bitte warten ", " ich schau mal ", " ich schaue mal ", " ich sehe mal nach ", " bin gleich wieder da "},
	"hi": {" एक मिनट ", " एक सेकंड ", " एक क्षण ", " रुकिए ", " रुको ", " ज़रा रुकिए ", " होल्ड कीजिए ", " लाइन पर रहिए ", " लाइन पर रहें "},
	"pt": {" um momento ", " um momentinho ", " um segundo ", " um minuto ", " um minutinho ", " só um instante ", " espere um ", " espera um ", " aguarde ", " não desligue ", " deixa eu ver ", " deixe-me ver ", " deixe me ver "},
	"fr": {" un moment ", " un instant ", " une seconde ", " une minute ", " deux secondes ", " ne quittez pas ", " ne quitte pas ", " patientez ", " attendez ", " je vérifie ", " je reviens "},
	"nl": {" een moment ", " een ogenblik ", " momentje ", " een seconde ", " een minuutje ", " wacht even ", " blijf aan de lijn ", " blijft u aan de lijn ", " ik kijk even ", " ogenblikje "},
	"id": {" sebentar ", " tunggu sebentar ", " mohon tunggu ", " satu menit ", " jangan tutup ", " tetap di saluran "},
	"it": {" un momento ", " un attimo ", " un secondo ", " un minuto ", " attenda ", " aspetti ", " aspetta ", " resti in linea ", " rimanga in linea ", " mi faccia vedere "},
	"ja": {"少々お待ち", "ちょっと待", "少し待", "お待ちください", "お待ち下さい", "待ってください"},
	"ko": {"잠시만", "잠깐만", "기다려 주", "기다려주", "끊지 마"},
}
