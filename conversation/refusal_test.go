package conversation

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn"
)

func TestRefusalsByWords(t *testing.T) {
	for language, said := range map[string]struct{ yes, no []string }{
		"en": {[]string{"Please don't call me again.", "Stop calling!", "Take me off your list, please.", "I want you to remove my number", "put me on your do-not-call list"},
			[]string{"I am not interested.", "Call me again tomorrow.", "Don't call me again until Monday.", "I was going to call you.", "please do not call me at work before five", "That is on the listing."}},
		"es": {[]string{"No me llamen más, por favor.", "¡Dejen de llamar!"}, []string{"No me interesa.", "Llámeme mañana.", "No me llame más antes de las diez"}},
		"de": {[]string{"Rufen Sie mich bitte nicht mehr an!", "Ich möchte nicht mehr angerufen werden.", "Streichen Sie mich von Ihrer Liste."}, []string{"Kein Interesse.", "Rufen Sie mich morgen an.", "Rufen Sie mich nicht mehr an vor zehn Uhr"}},
		"fr": {[]string{"Ne m'appelez plus !", "Arrêtez de m’appeler.", "Je ne veux plus être appelé."}, []string{"Ça ne m'intéresse pas.", "Appelez-moi demain."}},
		"pt": {[]string{"Não me ligue mais.", "Parem de ligar!"}, []string{"Não tenho interesse.", "Me ligue amanhã."}},
		"it": {[]string{"Non mi chiami più.", "Cancelli il mio numero."}, []string{"Non mi interessa.", "Mi chiami domani."}},
		"nl": {[]string{"Bel me niet meer.", "Ik wil niet meer gebeld worden."}, []string{"Geen interesse.", "Bel me morgen."}},
		"id": {[]string{"Jangan telepon saya lagi.", "Tolong hapus nomor saya."}, []string{"Saya tidak tertarik.", "Telepon saya besok."}},
		"hi": {[]string{"मुझे दोबारा कॉल मत कीजिए", "मेरा नंबर हटा दीजिए"}, []string{"मुझे रुचि नहीं है", "कल कॉल कीजिए"}},
		"ja": {[]string{"もう電話しないでください。", "リストから 外して ください"}, []string{"興味がありません。", "また明日電話してください。"}},
		"ko": {[]string{"다시는 전화하지 마세요.", "제 번호 삭제해 주세요"}, []string{"관심 없어요.", "내일 전화해 주세요."}},
		"xx": {[]string{"stop calling me"}, []string{"no"}},
	} {
		for _, s := range said.yes {
			if !refuses(language, s) {
				t.Errorf("%s: %q was not understood", language, s)
			}
		}
		for _, s := range said.no {
			if refuses(language, s) {
				t.Errorf("%s: %q was taken for a wish not to be called", language, s)
			}
		}
	}
	if len(refusals) != 11 || len(unlessOf) != 11 {
		t.Errorf("%d and %d languages", len(refusals), len(unlessOf))
	}
	if !refuses("de", "Stop calling me!") {
		t.Error("English to a German agent was not understood")
	}
}

// TestRefusalsArePlain: a phrase that turn.Plain would not write is never found.
func TestRefusalsArePlain(t *testing.T) {
	for _, lists := range []map[string][]string{refusals, unlessOf} {
		for language, list := range lists {
			for _, p := range list {
				if language == "ja" || language == "ko" {
					if strings.TrimSpace(turn.Plain(p)) != p {
						t.Errorf("%s: %q", language, p)
					}
				} else if !strings.HasPrefix(p, " ") || !strings.HasPrefix(turn.Plain(p), strings.TrimSuffix(p, " ")) {
					t.Errorf("%s: %q", language, p)
				}
			}
		}
	}
}

func TestRefusedByTheModel(t *testing.T) {
	turns := []parley.Turn{{Who: parley.Bot, Text: "Hello."}, {Who: parley.Human, Text: "I've had it with you people."}}
	for name, tc := range map[string]struct {
		turns  []parley.Turn
		answer string
		fail   error
		asked  int
		want   bool
	}{
		"yes":          {turns, "Yes.", nil, 1, true},
		"no":           {turns, "no", nil, 1, false},
		"chatters":     {turns, "I think that yes", nil, 1, false},
		"fails":        {turns, "yes", errors.New("no model"), 1, false},
		"nobody spoke": {turns[:1], "yes", nil, 0, false},
		"words alone":  {append(turns[:2:2], parley.Turn{Who: parley.Human, Text: "never call me again"}), "no", nil, 0, true},
		"long":         {append(turns[:2:2], parley.Turn{Who: parley.Bot, Text: strings.Repeat("é", refusalText)}), "yes", nil, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			s := Setup{History: &History{Turns: tc.turns}, Think: llm.Func(func(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
				asked++
				if len(r.Messages) != 2 || len(r.Messages[1].Text) > refusalText || len(r.Tools) != 0 {
					t.Errorf("asked %+v", r)
				}
				return func(yield func(llm.Delta, error) bool) {
					if tc.fail != nil {
						yield(llm.Delta{}, tc.fail)
						return
					}
					_ = yield(llm.Delta{Text: tc.answer}, nil) && yield(llm.Delta{Usage: &llm.Usage{In: 7, Out: 1}}, nil)
				}
			})}
			if got := Refused(t.Context(), &s); got != tc.want || asked != tc.asked {
				t.Errorf("%v after %d questions, want %v after %d", got, asked, tc.want, tc.asked)
			}
			if asked > 0 && tc.fail == nil && s.History.Usage.TokensIn != 7 {
				t.Errorf("used %+v", s.History.Usage)
			}
		})
	}
	if Refused(t.Context(), &Setup{History: &History{Turns: turns}}) {
		t.Error("without a model, nothing was said")
	}
}
