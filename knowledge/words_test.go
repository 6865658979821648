package knowledge

import (
	"slices"
	"strings"
	"testing"
)

func read(text, language string) (all []string) {
	terms(text, language, func(t string) { all = append(all, t) })
	return all
}

func TestTerms(t *testing.T) {
	for _, tc := range []struct{ language, text, want string }{
		{"en", "Um, what are your opening hours on Saturdays?", "open hour saturday"},
		{"en", "The dog's RETURN policies: £9.99!", "dog return polici 9.99"},
		{"en", "Café ﬁne ＷＩＦＩ", "cafe wifi"}, // the ligature makes the word "fine"
		{"de", "Welche Öffnungszeiten haben die Geschäfte?", "offnungszeit geschaft"},
		{"es", "¿Cuáles son los horarios de las tiendas?", "horari tiend"},
		{"fr", "Quelle est l’heure d'ouverture aujourd'hui ?", "heur ouvertur aujourd hui"},
		{"it", "Qual è l'orario di apertura?", "qual orar apertur"},
		{"nl", "Wat zijn de openingstijden van de winkels?", "openingstijd winkel"},
		{"pt", "Quais são os horários das lojas?", "horari loj"},
		{"hi", "दुकानें कब खुलती हैं", "दुकान खुल"},
		{"id", "Berapa biaya pengirimannya?", "biaya irim"},
		{"ja", "営業時間は何時からですか？", "営業 業時 時間 間は 何時 時か らで"},
		{"ja", "Wi-Fiのﾊﾟｽﾜｰﾄﾞ", "wi fi のパ パス スワ ワー ード"},
		{"ko", "영업시간이 언제예요?", "영업 업시 시간 간이 언제 제예"},
		{"", "hours", "hour"}, {"xx", "hours", "hour"},
		{"en", "営業 привет", "営業 привет"},
		{"en", "— … ! 🙂", ""},
		{"en", strings.Repeat("a", 100), ""},
	} {
		if got := strings.Join(read(tc.text, tc.language), " "); got != tc.want {
			t.Errorf("%s %q: got %q, want %q", tc.language, tc.text, got, tc.want)
		}
	}
}

// TestInflections: forms of one word are found by each other.
func TestInflections(t *testing.T) {
	for language, rows := range map[string][]string{
		"en": {"cancel cancelled cancelling cancels", "delivery deliveries", "refund refunds refunded"},
		"de": {"Rechnung Rechnungen", "Termin Termine Terminen Termins", "Haus Häuser"},
		"es": {"factura facturas", "pagar pagando"}, "fr": {"facture factures", "livraison livraisons"}, "it": {"prezzo prezzi", "negozio negozi"},
		"nl": {"rekening rekeningen", "kosten kost"}, "pt": {"conta contas", "entrega entregas"},
		"hi": {"लड़का लड़के लड़कों", "किताब किताबें किताबों"}, "id": {"bayar membayar dibayar bayarkan pembayaran", "harga harganya"},
	} {
		for _, row := range rows {
			stems := map[string]bool{}
			for w := range strings.FieldsSeq(row) {
				for _, s := range read(w, language) {
					stems[s] = true
				}
			}
			if len(stems) != 1 {
				t.Errorf("%s %s: %v", language, row, stems)
			}
		}
	}
}

func TestStopwords(t *testing.T) {
	for code, l := range languages {
		if len(l.stop) < 30 {
			t.Errorf("%s has %d words that say nothing", code, len(l.stop))
		}
	}
	for language, text := range map[string]string{
		"en": "yes okay, could you please tell me what that is?", "de": "Ja, können Sie mir bitte sagen, was das ist?", "fr": "Oui, est-ce que vous pouvez me dire ce que c'est ?",
		"es": "Sí, ¿me puede decir qué es eso, por favor?", "it": "Sì, mi può dire che cosa è questo?", "nl": "Ja, kunt u mij zeggen wat dat is?", "pt": "Sim, você pode me dizer o que é isso?",
		"ja": "はい、そうです。", "id": "ya, apa itu?", "hi": "हाँ, यह क्या है?",
	} {
		if got := read(text, language); len(slices.DeleteFunc(got, func(s string) bool { return len(s) < 3 })) > 1 {
			t.Errorf("%s %q says %q", language, text, got)
		}
	}
}
