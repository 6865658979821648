package conversation

import (
	"context"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/turn"
)

const (
	refusalWait = 5 * time.Second // for the model, when the call is over
	refusalText = 6000            // bytes of the conversation that it reads: its end
)

// Refused reports whether the callee asked not to be called again: said so in words that mean nothing else, or as the model understands
// what was said. A model that does not answer leaves it to the words. The call must be over; what the model cost is added.
func Refused(ctx context.Context, s *Setup) bool {
	var said strings.Builder
	theirs := false
	for _, t := range s.History.Turns {
		who := "Agent: "
		if t.Who == parley.Human {
			if refuses(s.Turns.Language, t.Text) {
				return true
			}
			who, theirs = "Callee: ", true
		}
		said.WriteString(who + t.Text + "\n")
	}
	if !theirs || s.Think == nil {
		return false
	}
	text := said.String()
	if len(text) > refusalText {
		text = strings.ToValidUTF8(text[len(text)-refusalText:], "")
	}
	answer, u := consult(ctx, s, refusalWait, didTheyRefuse, text)
	s.History.Usage.TokensIn += u.In
	s.History.Usage.TokensOut += u.Out
	first, _, _ := strings.Cut(strings.Trim(turn.Plain(answer), " "), " ")
	return first == "yes"
}

const didTheyRefuse = "You are given a telephone call between an agent who called and the person called. Did the person called ask not to be called again: to stop calling, " +
	"to be taken off the list, to have the number deleted? Not being interested, having no time now or asking to be called at another time is no such wish. Answer with one word: yes or no."

// refuses reports whether words of the callee's, in the agent's language or in English, ask not to be called again.
func refuses(language, text string) bool {
	said := turn.Plain(text)
	for _, l := range []string{language, "en"} {
		in := said
		if l == "ja" || l == "ko" {
			in = strings.ReplaceAll(said, " ", "")
		}
		for _, p := range refusals[l] {
			if strings.Contains(in, p) {
				for _, x := range unlessOf[l] { // "don't call me again before Monday"
					if strings.Contains(in, x) {
						return false
					}
				}
				return true
			}
		}
	}
	return false
}

// unlessOf are words after which a wish not to be called is one for another time.
var unlessOf = map[string][]string{
	"en": {" until ", " till ", " before ", " at this time ", " so early ", " so late ", " at work "},
	"de": {" vor ", " bevor ", " so früh ", " so spät ", " auf der arbeit "},
	"es": {" hasta ", " antes "}, "pt": {" até ", " antes "}, "fr": {" avant ", " jusqu"}, "it": {" prima ", " fino "}, "nl": {" voor ", " voordat "},
	"id": {" sebelum ", " sampai "}, "hi": {" से पहले ", " तक "}, "ja": {"までは", "前に"}, "ko": {"전에", "까지"},
}

// refusals are as turn.Plain writes them; those of languages without spaces have none.
var refusals = map[string][]string{
	"en": {" dont call me again", " do not call me again", " dont call me anymore", " do not call me anymore", " dont call me any more", " never call me", " dont ever call", " do not ever call",
		" dont call this number", " do not call this number", " never call this number", " dont call here", " do not call here", " stop calling", " quit calling", " no more calls", " dont call again",
		" do not call again", " never call again", " do not call list", " dont call list", " off your list", " off the list", " off your call list", " off of your list", " from your list", " from the list",
		" remove my number", " delete my number", " take my number off", " lose my number", " lose this number", " remove me from"},
	"es": {" no me llame más", " no me llamen más", " no me llames más", " no vuelva a llamar", " no vuelvan a llamar", " no vuelvas a llamar", " dejen de llamar", " deje de llamar", " deja de llamar",
		" no llamen más", " no llame más", " no me vuelva a llamar", " no me vuelvan a llamar", " no quiero que me llamen", " borre mi número", " borren mi número", " elimine mi número", " eliminen mi número",
		" quíteme de la lista", " quítenme de la lista", " quíteme de su lista", " quítenme de su lista", " sáquenme de la lista"},
	"de": {" rufen sie mich nicht mehr an ", " rufen sie mich nie wieder an ", " rufen sie hier nicht mehr an ", " rufen sie nicht mehr an ", " rufen sie nie wieder an ", " rufen sie bitte nicht mehr an ",
		" rufen sie mich bitte nicht mehr an ", " ruf mich nicht mehr an ", " nicht mehr anrufen", " nie wieder anrufen", " nicht mehr angerufen werden", " keine anrufe mehr", " löschen sie meine nummer",
		" löschen sie bitte meine nummer", " meine nummer löschen", " von ihrer liste", " von der liste", " aus ihrer liste", " aus ihrer datenbank", " aus der kartei", " hören sie auf anzurufen", " hören sie auf mich anzurufen"},
	"fr": {" ne mappelez plus", " ne me rappelez plus", " ne mappelle plus", " ne rappelez plus", " arrêtez de mappeler", " arrêtez dappeler", " cessez de mappeler", " cessez dappeler",
		" plus être appelé", " plus être appelée", " supprimez mon numéro", " supprimer mon numéro", " effacez mon numéro", " retirez mon numéro", " retirez moi de", " enlevez moi de votre liste", " enlevez moi de vos listes", " de votre liste", " de vos listes"},
	"pt": {" não me ligue mais", " não me liguem mais", " não me liga mais", " não ligue mais", " não liguem mais", " pare de ligar", " parem de ligar", " pare de me ligar", " parem de me ligar",
		" não quero mais receber ligaç", " não me telefone mais", " não me telefonem mais", " tire meu número", " tirem meu número", " apague meu número", " remova meu número", " retire o meu número", " remova o meu número", " apague o meu número", " da sua lista", " da lista de vocês"},
	"it": {" non mi chiami più", " non mi chiamate più", " non mi chiamare più", " non chiamate più", " non chiami più", " non chiamatemi più", " non mi richiami più", " non richiamate più", " smettetela di chiamar", " smetta di chiamar",
		" smettete di chiamar", " la smetta di chiamar", " cancelli il mio numero", " cancellate il mio numero", " togliete il mio numero", " tolga il mio numero", " dalla vostra lista", " dalla lista", " dai vostri elenchi", " dal vostro elenco"},
	"nl": {" bel me niet meer", " bel mij niet meer", " bel niet meer", " belt u mij niet meer", " belt u me niet meer", " bel nooit meer", " niet meer bellen", " nooit meer bellen", " niet meer gebeld worden", " stop met bellen",
		" hou op met bellen", " houd op met bellen", " verwijder mijn nummer", " haal mijn nummer", " haal me van", " haal mij van", " van uw lijst", " van jullie lijst", " van de lijst", " uit uw bestand", " uit jullie bestand"},
	"id": {" jangan telepon saya lagi", " jangan telepon lagi", " jangan hubungi saya lagi", " jangan hubungi lagi", " jangan menelepon lagi", " jangan menelepon saya lagi", " berhenti menelepon", " stop telepon", " stop menelepon",
		" berhenti menghubungi", " hapus nomor saya", " keluarkan nomor saya", " hapus nomor ini", " tidak mau dihubungi lagi", " tidak mau ditelepon lagi"},
	"hi": {" दोबारा कॉल मत", " फिर से कॉल मत", " फिर कॉल मत", " दुबारा कॉल मत", " कॉल मत करना", " कॉल मत कीजिए", " कॉल मत करो", " कॉल मत करिए", " फोन मत करना", " फ़ोन मत करना", " फोन मत कीजिए", " फ़ोन मत कीजिए",
		" फोन मत करो", " फ़ोन मत करो", " कॉल करना बंद", " फोन करना बंद", " फ़ोन करना बंद", " कॉल न करें", " कॉल ना करें", " मेरा नंबर हटा", " मेरा नंबर डिलीट", " लिस्ट से हटा", " सूची से हटा"},
	"ja": {"もう電話しないで", "もうかけないで", "もうかけてこないで", "もう電話をかけてこないで", "二度と電話しないで", "二度とかけ", "二度と電話", "電話をかけないで", "電話しないで", "かけてこないで", "電話をやめて", "電話はやめて",
		"番号を消して", "番号を削除", "番号は削除", "リストから外して", "リストから削除", "リストから消して"},
	"ko": {"다시전화하지마", "다시는전화하지마", "전화하지마", "전화하지말아", "전화좀하지마", "다시는전화", "전화걸지마", "전화그만", "그만전화", "연락하지마", "연락하지말아", "제번호삭제", "제번호를삭제", "번호지워", "번호를지워",
		"번호삭제해", "명단에서빼", "목록에서빼", "리스트에서빼", "수신거부"},
}
