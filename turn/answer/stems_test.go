package answer

import (
	"testing"
	"time"
)

// TestAnnouncements: what no phrase of the lists is in is known by the words that announcements are made of.
func TestAnnouncements(t *testing.T) {
	for _, tc := range []struct {
		language, said string
		want           Class
	}{
		{"en", "the voicemail of this subscriber can be spoken to now", Voicemail},
		{"en", "you may choose between these options", IVR},
		{"en", "our operators are all in use, you are in a queue", Hold},
		{"en", "a number like that does not exist, check it", SIT},
		{"de", "der Teilnehmer hört die Mailbox später ab", Voicemail},
		{"fr", "le répondeur de votre correspondant", Voicemail},
		{"es", "el buzón del contestador", Voicemail},
		{"it", "la casella della segreteria", Voicemail},
		{"pt", "a caixa de recado, grave", Voicemail},
		{"nl", "een boodschap achterlaten kan", Voicemail},
		{"id", "rekam pesan di kotak", Voicemail},
		{"hi", "अपना संदेश रिकॉर्ड करें", Voicemail},
		{"ja", "伝言を録音", Voicemail},
		{"ko", "소리샘에 녹음", Voicemail},
		{"en", "this answering machine is out of memory", MailboxFull},
		{"en", "due to network difficulties we were unable to connect you", SIT},
		{"de", "geben Sie die Vertragsnummer ein und die Rautetaste", IVR},
		{"nl", "dat telefoonnummer klopt niet, controleer het", SIT},
		{"it", "c'è una difficoltà di rete", SIT},
		{"fr", "saisissez votre numéro client, puis dièse", IVR},
		{"es", "el código y la almohadilla, dígitos", IVR},
		{"nl", "u belt met de familie Visser, we zijn niet thuis", Voicemail},
		{"en", "hi, you've missed me", Voicemail},
	} {
		a := newCallee(Options{Language: tc.language}).quiet(300).talks(2500).final(tc.said).quiet(1500)
		if v, ok := a.c.Verdict(); !ok || v.Class != tc.want {
			t.Errorf("%s: %q is %+v, want %s", tc.language, tc.said, v, tc.want)
		}
	}
	for language, said := range map[string]string{"en": "hello, Baker and Sons", "de": "Schmidt, guten Tag", "fr": "allô, oui", "ja": "はい、田中です", "ko": "네, 김입니다"} {
		a := newCallee(Options{Language: language}).quiet(300).talks(1200).final(said).quiet(1500)
		a.want(t, Human, a.now)
	}
}

// TestDepartments: how companies' people answer is made of words that announcements are made of, too, and is none.
func TestDepartments(t *testing.T) {
	for language, said := range map[string][]string{
		"en": {"Accounts and billing, Jane", "network technical support, Dave here", "Quality training, Ann", "Sales and support, Bob", "Cancer screening center"},
		"de": {"Technischer Kundendienst, Müller, guten Tag", "Störungsstelle Netz, Meier", "Vertrieb und Rechnungen, Schulz"},
		"fr": {"Service réseau, bonjour", "Facturation, Claire, bonjour"},
		"es": {"Servicio de red, buenos días", "Ventas y facturación"},
		"it": {"Vendite e fatturazione, Paola"},
		"pt": {"Vendas e faturamento, bom dia"},
		"nl": {"Verkoop en facturatie, met Jan"},
		"id": {"Penjualan dan tagihan, halo"},
		"hi": {"तकनीकी सेवा नमस्ते"},
	} {
		for _, text := range said {
			a := newCallee(Options{Language: language}).quiet(300).talks(2000).final(text).quiet(2500)
			if v, ok := a.c.Verdict(); !ok || v.Class != Human {
				t.Errorf("%s: %q is %+v", language, text, v)
			}
		}
	}
}

// TestAbsent: what people say of somebody else who is not there is no machine's, though the verdict may still be revised.
func TestAbsent(t *testing.T) {
	for language, said := range map[string]string{
		"en": "no she's not at home", "de": "nein, der ist nicht zu Hause", "fr": "non, elle est en congés", "it": "no, non ci sono", "nl": "nee, die is niet thuis",
		"es": "no, no está en casa", "pt": "não, ele não está em casa", "id": "tidak, dia tidak di rumah", "hi": "नहीं, वे घर पर नहीं हैं",
	} {
		a := newCallee(Options{Language: language}).quiet(300).talks(500).final(lexicons[language].hello[len(lexicons[language].hello)-1]).quiet(1500)
		a.want(t, Human, a.now)
		a.talks(1200).final(said).quiet(1500)
		a.want(t, Human, a.now)
	}
}

// TestHints: somebody who may be about to announce something is waited for a little longer.
func TestHints(t *testing.T) {
	decided := func(said string) time.Duration {
		a := newCallee(Options{}).quiet(300).talks(1500).final(said).quiet(2000)
		v, ok := a.c.Verdict()
		if !ok || v.Class != Human {
			t.Errorf("%q is %+v", said, v)
		}
		return v.At
	}
	if plain, hinted := decided("Baker and Sons in London"), decided("sorry we are away"); hinted <= plain {
		t.Errorf("decided after %s where an announcement may follow, %s else", hinted, plain)
	}
}

// TestStems: each language has all kinds, and none that people answer with.
func TestStems(t *testing.T) {
	for code, l := range lexicons {
		s := announcements[code]
		if s == nil || len(s.kinds) != 6 {
			t.Fatalf("%s has no stems", code)
		}
		for _, k := range s.kinds {
			if len(k.stems) < 4 {
				t.Errorf("%s has few stems of %s", code, k.class)
			}
		}
		for _, h := range l.hello {
			if _, most, _ := s.weigh(plain(h), l.unspaced); most >= announced {
				t.Errorf("%s: %q is an announcement", code, h)
			}
		}
	}
}

// TestRevised: who was taken for a human is a machine by its beep, its tones or its music, but not after a question of theirs.
func TestRevised(t *testing.T) {
	human := func() *callee {
		return newCallee(Options{}).quiet(300).talks(1500).final("you have got Nina and Joe").quiet(700)
	}
	for name, tc := range map[string]struct {
		a    *callee
		want Class
	}{
		"a beep":             {human().tone(300, 900).quiet(800), Voicemail},
		"a short beep":       {human().tone(160, 1400).quiet(800), Voicemail},
		"SIT":                {human().tone(380, 985.2).tone(380, 1428.5).tone(380, 1776.7).quiet(300), SIT},
		"words":              {human().talks(1500).words("please leave a message").quiet(300), Voicemail},
		"long after":         {human().quiet(20000).tone(300, 900).quiet(800), Human},
		"a beep long after":  {human().quiet(6000).tone(300, 900).quiet(800), Human},
		"a beep after hello": {newCallee(Options{}).quiet(300).talks(900).final("hello").quiet(700).tone(300, 900).quiet(800), Human},
		"and a question":     {newCallee(Options{}).quiet(300).talks(900).final("hello how can I help").quiet(700).tone(300, 900).quiet(800), Human},
	} {
		if v, ok := tc.a.c.Verdict(); !ok || v.Class != tc.want {
			t.Errorf("%s: %+v, want %s", name, v, tc.want)
		}
	}
}

// TestOver: who is told that their turn is over need not wait to hear it.
func TestOver(t *testing.T) {
	a := newCallee(Options{}).quiet(300).talks(600).quiet(200).final("hello")
	if v, ok := a.c.Verdict(); ok {
		t.Fatalf("decided %+v while they may go on", v)
	}
	a.c.Over(a.now)
	a.want(t, Human, a.now)
	b := newCallee(Options{}).quiet(300).talks(1500).quiet(200).final("you have reached us, we are sorry")
	b.c.Over(b.now)
	if v, ok := b.c.Verdict(); ok {
		t.Errorf("decided %+v though an announcement may follow", v)
	}
}

// TestNoVoice: sound in which nobody speaks is nobody.
func TestNoVoice(t *testing.T) {
	n := uint32(1)
	a := newCallee(Options{}).quiet(500).play(500*time.Millisecond, func(pcm []int16) {
		for i := range pcm {
			n = n*1664525 + 1013904223
			pcm[i] = int16(n>>16) / 8
		}
	}).quiet(3500)
	a.want(t, Silence, 5*time.Second)
}
