package conversation

import (
	"context"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/turn"
)

// Guard is what an agent keeps to, whatever its model says.
type Guard struct {
	Disclosure string              // its first words on every call, whatever they would be; "" none
	NeverSay   []string            // words and phrases that no voice is given; a * at their end stands for any ending
	Topics     []string            // what may be talked about; nil: anything
	MaxCost    float64             // what the call may cost; 0: anything
	Cost       func(Usage) float64 // what it has cost so far, in MaxCost's currency; nil: that is not known
}

// Rules of a guard, as events name them.
const (
	ruleNeverSay = "never_say"
	ruleTopics   = "allowed_topics"
	ruleMaxCost  = "max_cost"
)

// Sentence is how an agent discloses what it is, in its language.
func Sentence(language string) string { return guardPhrasesOf(language).disclosure }

// guarded is where a conversation stands with its guard.
type guarded struct {
	forbidden *forbidden // nil: everything may be said
	disclosed bool       // the first words have been heard
	costAt    time.Duration
	topic     topic
}

// rails are what a guard makes of a reply.
type rails struct {
	lead  string // said before all else
	topic int    // of the question whether what it answers may be talked about; 0: none
}

// costEvery is how often it is looked what a call has cost.
const costEvery = 2 * time.Second

func newGuarded(s *Setup) guarded {
	g := guarded{forbidden: forbid(s.Guard.NeverSay), disclosed: s.Guard.Disclosure == "" || s.History.disclosed}
	if s.Guard.MaxCost > 0 && s.Guard.Cost != nil {
		g.costAt = costEvery
	}
	return g
}

// disclosing is text with the disclosure before it.
func (g *Guard) disclosing(text string) string {
	return strings.TrimSpace(g.Disclosure + " " + text)
}

// discloses has a reply begin with the disclosure where nobody has heard it. Menus of machines are answered without.
func (c *loop) discloses(r *reply) {
	if c.state.guard.disclosed || c.state.who.holds() && r.orders == "" {
		return
	}
	switch {
	case r.text == "":
		r.rails.lead = c.Guard.Disclosure
	case r.ready == nil && !strings.HasPrefix(r.text, c.Guard.Disclosure):
		r.text = c.Guard.disclosing(r.text)
	}
}

// heardOf notes that the disclosure has been heard.
func (c *loop) heardOf(said string) {
	g := &c.state.guard
	if !g.disclosed && strings.Contains(turn.Plain(said), strings.TrimSpace(turn.Plain(c.Guard.Disclosure))) {
		g.disclosed, c.History.disclosed = true, true
	}
}

// unsaid tells what was taken out of a reply, once its goroutines have ended. Its mind is locked.
func (c *loop) unsaid(r *reply) {
	for _, text := range r.mind.tongue.sieve.unsaid() {
		c.log(parley.EventGuardRail, map[string]any{"rule": ruleNeverSay, "text": text})
	}
}

// costs ends a call that has cost what it may: what is being said is finished, and then the agent says goodbye.
func costs(c *loop, ctx context.Context, now time.Duration) {
	st := &c.state
	st.guard.costAt = now + costEvery
	u := c.History.Usage
	u.STT += now
	for _, r := range st.open {
		r.mind.mu.Lock()
		u.TokensIn, u.TokensOut, u.TTSCharacters = u.TokensIn+r.mind.usage.In, u.TokensOut+r.mind.usage.Out, u.TTSCharacters+r.mind.chars
		r.mind.mu.Unlock()
	}
	cost := c.Guard.Cost(u)
	if cost < c.Guard.MaxCost {
		return
	}
	st.guard.costAt = 0
	c.log(parley.EventGuardRail, map[string]any{"rule": ruleMaxCost, "cost": cost, "max_cost": c.Guard.MaxCost})
	out := parley.Outcome{Cause: parley.AgentEnded}
	if st.leave != nil || st.farewell != nil || c.cur != nil && c.cur.ending() != nil {
		return // it is ending
	}
	if st.who.holds() { // nobody is there to say goodbye to
		c.outcome = &out
		return
	}
	c.forgo()
	st.farewell, st.greetAt = &farewell{guardPhrasesOf(c.Turns.Language).goodbye, out}, 0
	st.who.stop()
	if !c.detect.Pending() {
		c.next(ctx)
	}
}

// guardPhrases are what an agent says by itself because of its guard.
type guardPhrases struct {
	disclosure string
	offTopic   string
	unsaid     string // in the place of a reply of which nothing may be said
	goodbye    string // the call has cost what it may
}

func guardPhrasesOf(language string) guardPhrases {
	return inLanguage(guardSpoken, language)
}

var guardSpoken = map[string]guardPhrases{
	"en": {"You are talking to an AI assistant.", "I am sorry, that is nothing I can help with here.", "I am sorry, I cannot say anything about that.", "I have to end this call now. Thank you, and goodbye."},
	"es": {"Está hablando con un asistente de inteligencia artificial.", "Lo siento, con eso no puedo ayudarle aquí.", "Lo siento, no puedo decir nada sobre eso.", "Tengo que terminar la llamada ahora. Gracias y adiós."},
	"de": {"Sie sprechen mit einem KI-Assistenten.", "Es tut mir leid, dabei kann ich Ihnen hier nicht helfen.", "Es tut mir leid, dazu kann ich nichts sagen.", "Ich muss das Gespräch jetzt beenden. Vielen Dank und auf Wiederhören."},
	"hi": {"आप एक एआई सहायक से बात कर रहे हैं।", "माफ़ कीजिए, इसमें मैं यहाँ मदद नहीं कर सकता।", "माफ़ कीजिए, इस बारे में मैं कुछ नहीं कह सकता।", "मुझे अब यह कॉल समाप्त करनी है। धन्यवाद, नमस्ते।"},
	"pt": {"Está falando com um assistente de inteligência artificial.", "Desculpe, com isso não posso ajudar aqui.", "Desculpe, não posso dizer nada sobre isso.", "Preciso terminar a chamada agora. Obrigado e até logo."},
	"fr": {"Vous parlez à un assistant d'intelligence artificielle.", "Je suis désolé, je ne peux pas vous aider pour cela ici.", "Je suis désolé, je ne peux rien dire à ce sujet.", "Je dois terminer cet appel maintenant. Merci et au revoir."},
	"nl": {"U spreekt met een AI-assistent.", "Het spijt me, daar kan ik u hier niet mee helpen.", "Het spijt me, daar kan ik niets over zeggen.", "Ik moet dit gesprek nu beëindigen. Dank u wel en tot ziens."},
	"id": {"Anda berbicara dengan asisten kecerdasan buatan.", "Maaf, saya tidak bisa membantu soal itu di sini.", "Maaf, saya tidak bisa mengatakan apa pun tentang itu.", "Saya harus mengakhiri panggilan ini sekarang. Terima kasih dan sampai jumpa."},
	"it": {"Sta parlando con un assistente di intelligenza artificiale.", "Mi dispiace, in questo non posso aiutarla qui.", "Mi dispiace, di questo non posso dire nulla.", "Devo terminare la chiamata ora. Grazie e arrivederci."},
	"ja": {"こちらはAIアシスタントです。", "申し訳ありません、その件についてはこちらではお手伝いできません。", "申し訳ありません、その件についてはお答えできません。", "お電話を終了いたします。ありがとうございました。"},
	"ko": {"저는 인공지능 상담원입니다.", "죄송합니다. 그 내용은 여기서 도와드릴 수 없습니다.", "죄송합니다. 그에 대해서는 말씀드릴 수 없습니다.", "이제 통화를 마치겠습니다. 감사합니다."},
}
