package turn

import "testing"

// TestBuilt: how far a clause has come tells from its words, whichever they are.
func TestBuilt(t *testing.T) {
	for _, tc := range []struct {
		language, text string
		want           shape
	}{
		{"en", "the doctor prescribed", unbuilt}, {"en", "the doctor prescribed some tablets", object}, {"en", "you sent me the wrong", modifier},
		{"en", "it makes a very strange", modifier}, {"en", "we live in a village", adjunct}, {"en", "i lost it yesterday", adjunct}, {"en", "i want to cancel", unbuilt},
		{"en", "the shop is closed", object}, {"en", "my neighbour", unbuilt}, {"en", "for my daughter", unbuilt},
		{"de", "wir brauchen", unbuilt}, {"de", "wir brauchen zwei zimmer", object}, {"de", "ich habe gestern die karte verloren", bracket},
		{"de", "ich möchte gern einen tisch reservieren", infinitive}, {"de", "man hat mir gesagt", unbuilt}, {"de", "ich wohne in der stadt", adjunct}, {"de", "es war der falsche", modifier},
		{"nl", "wij hebben twee kamers", object}, {"nl", "ik wil graag een kamer boeken", infinitive}, {"nl", "ik heb mijn pas verloren", bracket},
		{"fr", "j'ai perdu ma carte", object}, {"fr", "je cherche l'entrée", object}, {"fr", "nous partons pour la gare", adjunct}, {"fr", "j'ai essayé de payer", unbuilt},
		{"es", "necesitamos dos habitaciones", object}, {"es", "es para mi hija", adjunct}, {"es", "necesitamos", unbuilt},
		{"it", "ho perso la carta", object}, {"it", "siamo arrivati alla stazione", adjunct}, {"pt", "perdi o cartão", object}, {"pt", "estamos na estação", adjunct},
		{"id", "kami perlu dua kamar", object}, {"id", "kami tinggal di bandung", adjunct}, {"ja", "水を", unbuilt}, {"hi", "मुझे पानी", unbuilt},
	} {
		if got := languages[tc.language].built(split(tc.text), tc.text); got != tc.want {
			t.Errorf("%s: %q is %d, want %d", tc.language, tc.text, got, tc.want)
		}
	}
}

// TestEither: words that close as often as they lead on are waited for less than those that lead on.
func TestEither(t *testing.T) {
	for language, texts := range map[string][2][]string{
		"en": {{"I was told to call this number.", "that is what I paid before", "I do not know."}, {"I want to go to", "my number", "I think"}},
		"de": {{"Mein Auto springt nicht an.", "Das weiß ich nicht."}, {"Ich freue mich auf die", "ich möchte mich beschweren über"}},
		"fr": {{"Ma voiture ne démarre pas.", "J'ai payé le mois dernier."}, {"je voudrais une"}},
		"nl": {{"Mijn auto start niet."}, {"ik wil klagen over"}},
		"id": {{"Ini untuk anak saya."}, {"suami saya dan"}},
	} {
		l := languages[language]
		for i, list := range texts {
			for _, s := range list {
				if f := l.finished(s, false); (f >= unsure) != (i == 0) {
					t.Errorf("%s: %q is finished to %.2f", language, s, f)
				}
			}
		}
	}
}

// TestOffers: whoever says that they look will say what they found.
func TestOffers(t *testing.T) {
	for language, texts := range map[string][2][]string{
		"en": {{"let me find it", "one second, let me check"}, {"let me speak to the manager of the shop please", "Could you let me know when it's ready?", "could you let me know when it is ready", "Can you let me in?"}},
		"de": {{"lassen Sie mich nachsehen"}, {"das lassen wir"}},
		"es": {{"déjeme mirar", "estoy buscando"}, {"eso es todo"}},
		"it": {{"sto cercando la carta"}, {"va bene così"}},
		"nl": {{"even zoeken"}, {"dat was het", "Kunt u even de afspraak van morgen verzetten?", "kunt u even de afspraak van morgen verzetten"}},
		"hi": {{"देखने दीजिए"}, {"बता दीजिए"}},
		"ko": {{"찾아볼게요"}, {"감사합니다"}},
		"ja": {{"ちょっと探します"}, {"お願いします"}},
	} {
		l := languages[language]
		for i, list := range texts {
			for _, s := range list {
				if f := l.finished(s, false); (f == holds) != (i == 0) {
					t.Errorf("%s: %q is finished to %.2f", language, s, f)
				}
			}
		}
	}
}

// TestQuestions: a question is over when it has what it asks about.
func TestQuestions(t *testing.T) {
	for language, texts := range map[string][2][]string{
		"en": {{"what time is breakfast", "could you call me back", "at what time do you open"}, {"how much does it", "is it okay", "what i want", "can i get a large", "where it hurts"}},
		"es": {{"a qué hora abren", "pueden llamarme mañana por la tarde"}, {"es posible", "me gustaría mucho"}},
		"fr": {{"à quelle heure ouvrez-vous demain", "est-ce que vous avez un parking"}, {"serait il possible"}},
		"de": {{"wie lange dauert das", "können sie mich zurückrufen"}, {"was ich nicht verstehe"}},
		"hi": {{"इसमें कितना समय लगेगा"}, {"इसमें कितना"}},
	} {
		l := languages[language]
		for i, list := range texts {
			for _, s := range list {
				if f := l.finished(s, false); (f >= sure) != (i == 0) {
					t.Errorf("%s: %q is finished to %.2f", language, s, f)
				}
			}
		}
	}
}

// TestAnnounced: names and numbers that the caller announces are waited for though nobody has asked.
func TestAnnounced(t *testing.T) {
	for _, tc := range []struct {
		language, text string
		whole          bool
	}{
		{"en", "My name is Priya.", false}, {"en", "My name is Priya Raman.", true}, {"en", "The account number is nine four.", false}, {"en", "I lost my card.", true},
		{"de", "Ich heiße Martin.", false}, {"es", "Me llamo Lucía.", false}, {"es", "El código es cuatro cinco.", false}, {"fr", "Mon numéro est le zéro six.", false}, {"hi", "मेरा नाम राहुल", false},
	} {
		l := languages[tc.language]
		if f := l.fits(request{}, tc.text, l.finished(tc.text, true)); (f >= enough) != tc.whole {
			t.Errorf("%s: %q is finished to %.2f", tc.language, tc.text, f)
		}
	}
}

// TestConfirms: a yes is a whole answer to whether something is so, whatever else the question is about.
func TestConfirms(t *testing.T) {
	for _, tc := range []struct {
		language, question, answer string
		whole                      bool
	}{
		{"en", "Is that the right number?", "Yes.", true}, {"en", "Can I have your number?", "Yes.", false}, {"en", "I have put it down.", "Hello.", true}, {"en", "I have put it down.", "Yes.", false},
		{"de", "Ist das Ihre Adresse?", "Ja.", true}, {"fr", "C'est le bon numéro, correct ?", "Oui.", true}, {"ja", "番号は合っていますか？", "はい。", true}, {"ko", "번호가 맞나요?", "네.", true},
	} {
		l := languages[tc.language]
		if f := l.fits(l.request(tc.question), tc.answer, l.finished(tc.answer, true)); (f >= enough) != tc.whole {
			t.Errorf("%s: %q after %q is finished to %.2f", tc.language, tc.answer, tc.question, f)
		}
	}
}
