//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// TestThroughMenus: an agent that calls a company listens to its menus, which a voice reads out, presses what its model chooses, says nothing on
// hold, and greets the person at the end.
func TestThroughMenus(t *testing.T) {
	t.Parallel()
	need(t, "flite", "sox")
	c := newCompany(t)
	d := open(t)
	d.talk = c.answer
	chooser := httptest.NewServer(http.HandlerFunc(c.choose))
	t.Cleanup(chooser.Close)
	s := serve(t, "OPENAI_API_KEY=x", "OPENAI_BASE_URL="+chooser.URL+"/v1")
	id, _ := s.agent(m{"ivr_navigation_mode": "default", "provider": "openai", "model": "chooser", "transcriber": m{"type": "transcriber_local"},
		"prompt":          m{"content": "You call Acme about an open invoice. You need the billing department. For sales, support, billing and invoice questions there are menus."},
		"initial_message": "Good morning, this is Harbor Dental. I am calling about an invoice."})
	s.hearing()
	s.api("POST", "/v1/calls/create", m{"agent": id, "from_number": "1000", "to_number": "sip:acme@" + d.Addr().String(), "on_no_human_answer": "hangup"}, nil)
	got := s.ended(2 * time.Minute)
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("pressed %q, heard:\n%s\n%s", c.pressed, strings.Join(c.read, "\n"), got.Text)
	if c.pressed != "21" || !c.reached || !c.greeted {
		t.Errorf("pressed %q; a person was reached: %v, and greeted: %v", c.pressed, c.reached, c.greeted)
	}
	if c.early > 0 {
		t.Errorf("%v of sound before anybody was there", c.early)
	}
	if strings.Count(got.Text, "BOT: pressed ") != 2 || !strings.Contains(got.Text, "BOT: Good morning, this is Harbor Dental.") {
		t.Errorf("the transcript:\n%s", got.Text)
	}
	types, payloads := s.events(got.ID)
	chosen, who := "", ""
	for i, typ := range types {
		switch typ {
		case "menu_chosen":
			chosen += fmt.Sprintf("%v %v. ", payloads[i]["pressed"], payloads[i]["by"])
		case "event_human_detection":
			who += fmt.Sprintf("%v ", payloads[i]["classification"])
		}
	}
	if !strings.Contains(chosen, "2 model. ") || !strings.Contains(chosen, "1 model. ") || !strings.HasSuffix(who, "ivr human ") { // before, while local hearing is slow, sound without words
		t.Errorf("chosen: %s; answered: %s", chosen, who)
	}
}

// A company is two menus, a queue with music and a person.
type company struct {
	t                                  *testing.T
	main, invoices, hold, tune, person []audio.Frame

	mu      sync.Mutex // guards all below
	pressed string
	reached bool          // the person has spoken
	greeted bool          // and was spoken to
	early   time.Duration // of sound before
	read    []string      // what the model was given to read last
}

func newCompany(t *testing.T) *company {
	c := &company{t: t}
	dir := t.TempDir()
	say := func(voice, text string) []audio.Frame {
		wide, said := filepath.Join(dir, "wide.wav"), filepath.Join(dir, "said.wav")
		run(t, "flite", "-voice", voice, "-o", wide, "-t", text)
		run(t, "sox", wide, "-r", "16000", "-c", "1", "-b", "16", said, "gain", "-3")
		return framed(readWAV(t, said).PCM)
	}
	c.main = say("slt", "Thank you for calling. For sales, press one. For billing, press two. For support, press three.")
	c.invoices = say("slt", "For questions about an open invoice, press one. For a new address, press two.")
	c.hold = say("slt", "Please hold. Your call is important to us.")
	c.person = say("rms", "Hello, this is Bob. How can I help you?")
	for _, chord := range [][2]float64{{262, 330}, {294, 370}, {330, 415}, {262, 392}} {
		tone := audio.Pair(chord[0], chord[1], audio.Rate, -20)
		for range 50 {
			var f audio.Frame
			tone.Fill(f[:])
			c.tune = append(c.tune, f)
		}
	}
	return c
}

func framed(pcm []int16) (fs []audio.Frame) {
	for len(pcm) > 0 {
		var f audio.Frame
		pcm = pcm[copy(f[:], pcm):]
		fs = append(fs, f)
	}
	return fs
}

// answer is the company's side of a call.
func (c *company) answer(ctx context.Context, l leg.Leg) {
	ctx, cancel := context.WithCancel(ctx)
	keys := make(chan byte, 16)
	var talking sync.WaitGroup
	talking.Go(func() {
		defer cancel()
		c.talk(ctx, l, keys)
		_ = l.Hangup(context.WithoutCancel(ctx), parley.AgentEnded)
	})
	for {
		e, err := l.Read(ctx)
		if err != nil {
			break
		}
		switch e.Kind {
		case leg.DTMF:
			c.mu.Lock()
			c.pressed += string(e.Digit)
			c.mu.Unlock()
			keys <- e.Digit
		case leg.Audio:
			c.hears(&e.Frame)
		}
	}
	cancel()
	talking.Wait()
}

func (c *company) hears(f *audio.Frame) {
	if f.RMS() < 300 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reached {
		c.greeted = true
	} else {
		c.early += audio.FrameDur
	}
}

func (c *company) talk(ctx context.Context, l leg.Leg, keys <-chan byte) {
	menu := c.main
	for range 6 {
		key, ok := c.reads(ctx, l, menu, keys)
		switch {
		case !ok:
		case key == '2' && &menu[0] == &c.main[0]:
			menu = c.invoices
		case key == '1' && &menu[0] == &c.invoices[0]:
			c.plays(ctx, l, c.hold)
			c.plays(ctx, l, c.tune)
			c.plays(ctx, l, c.person)
			c.mu.Lock()
			c.reached = true
			c.mu.Unlock()
			c.plays(ctx, l, make([]audio.Frame, 400))
			return
		}
	}
}

// reads out a menu and waits for a key, which stops it.
func (c *company) reads(ctx context.Context, l leg.Leg, menu []audio.Frame, keys <-chan byte) (byte, bool) {
	var silence audio.Frame
	for i := range len(menu) + 400 {
		f := &silence
		if i < len(menu) {
			f = &menu[i]
		}
		if l.Play(ctx, *f) != nil {
			return 0, false
		}
		select {
		case key := <-keys:
			_ = l.Clear()
			return key, true
		default:
		}
	}
	return 0, false
}

func (c *company) plays(ctx context.Context, l leg.Leg, fs []audio.Frame) {
	for _, f := range fs {
		if l.Play(ctx, f) != nil {
			return
		}
	}
}

// choose is a model that reads what was read out, and presses the key for billing, and for an invoice.
func (c *company) choose(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Messages []struct{ Role, Content string }
		Tools    []struct{ Function struct{ Name string } }
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Messages) == 0 {
		http.Error(w, `{"error":{"message":"what?"}}`, http.StatusBadRequest)
		return
	}
	_, newest, _ := strings.Cut(body.Messages[len(body.Messages)-1].Content, "Newest: ")
	newest = strings.ToLower(newest)
	c.mu.Lock()
	c.read = append(c.read, newest)
	c.mu.Unlock()
	name, args := "listen_on", `{}`
	switch {
	case len(body.Tools) == 0 || newest == "":
		name = ""
	case strings.Contains(newest, "billing"):
		name, args = "press_keys", `{"keys":"2","why":"billing"}`
	case strings.Contains(newest, "invoice"):
		name, args = "press_keys", `{"keys":"1","why":"an open invoice"}`
	}
	delta := m{"content": "I am sorry."}
	if name != "" {
		delta = m{"tool_calls": []m{{"index": 0, "id": "c1", "type": "function", "function": m{"name": name, "arguments": args}}}}
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for _, chunk := range []m{{"choices": []m{{"index": 0, "delta": delta}}}, {"choices": []m{{"index": 0, "delta": m{}, "finish_reason": "stop"}}}} {
		b, _ := json.Marshal(chunk)
		fmt.Fprintf(w, "data: %s\n\n", b)
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}
