package local

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider/local/responder"
	"github.com/parley-voice/parley/stt"
)

// practice is the text of a demo agent: what the caller may ask about.
var practice = []string{
	"Hello, this is Harbor Dental. How can I help you?",
	"We are open from nine in the morning until six in the evening, Monday to Friday, and on Saturday from ten until two.",
	"We are closed on Sunday and on public holidays.",
	"Our address is twelve Harbor Street, opposite the old lighthouse.",
	"There is free parking behind the building.",
	"A check up costs eighty dollars, and a cleaning costs sixty dollars.",
	"We take all major insurance plans, and you can pay by card or in cash.",
	"To make an appointment we need your name and a day that suits you.",
	"Doctor Khoury and Doctor Moreno are our two dentists.",
}

// talk is what callers say, and what of the agent's text answers it.
var talk = []struct{ said, answer string }{
	{"What are your opening hours on Saturday?", "nine in the morning"},
	{"How much does a cleaning cost?", "sixty dollars"},
	{"Where can I park?", "free parking"},
	{"Do you take my insurance?", "insurance plans"},
	{"I would like to make an appointment.", "To make an appointment"},
	{"Who are the dentists?", "Khoury"},
	{"Are you open on Sunday?", "closed on Sunday"},
	{"What is your address?", "Harbor Street"},
	{"No thank you, goodbye.", "Goodbye"},
}

// TestTelephoneRoundTrip: spoken by our own voice, through G.711, heard and answered. One of the nine may go wrong: what is
// tested is that it works, not how well a synthetic voice is understood.
func TestTelephoneRoundTrip(t *testing.T) {
	t.Parallel()
	l := speech(t)
	frames := make([]audio.Frame, 0, 3000)
	for _, u := range talk {
		frames = append(frames, telephone(say(t, l, "", "en", u.said), 20)...)
	}
	events := hear(t, l, frames, stt.Options{Language: "en", Phrases: practice})
	var heard []string
	wrong, words, partials, misunderstood := 0, 0, 0, 0
	for _, e := range events {
		if e.Final {
			heard = append(heard, e.Text)
			if !e.End || e.Vendor != "local" || len(e.Words) != len(strings.Fields(e.Text)) {
				t.Errorf("final %+v", e)
			}
		} else if e.Text != "" {
			partials++
		}
	}
	if len(heard) != len(talk) || partials < 3*len(talk) {
		t.Fatalf("%d utterances and %d partials of %d:\n%s", len(heard), partials, len(talk), strings.Join(heard, "\n"))
	}
	model, prompt := responder.New(), strings.Join(practice, "\n")
	for i, u := range talk {
		want := strings.Fields(strings.ToLower(strings.NewReplacer("?", "", ".", "", ",", "").Replace(u.said)))
		words += len(want)
		wrong += errorsIn(strings.Fields(heard[i]), want)
		answer := ""
		for d, err := range model.Chat(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.System, Text: prompt}, {Role: llm.User, Text: heard[i]}}}) {
			if err != nil {
				t.Fatal(err)
			}
			answer += d.Text
		}
		if !strings.Contains(answer, u.answer) {
			t.Logf("%q, heard as %q, is answered %q", u.said, heard[i], answer)
			misunderstood++
		}
	}
	if misunderstood > 1 {
		t.Errorf("%d of %d were not understood", misunderstood, len(talk))
	}
	if rate := float64(wrong) / float64(words); rate > 0.2 {
		t.Errorf("%d of %d words are wrong:\n%s", wrong, words, strings.Join(heard, "\n"))
	}
}

// errorsIn is the number of words to change, add or leave out.
func errorsIn(a, b []string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		last := row[0]
		row[0] = i + 1
		for j := range b {
			keep, change := row[j+1], last
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, keep+1, row[j]+1)
			last = keep
		}
	}
	return row[len(b)]
}

// TestHarmlessSounds: a tone, noise and a click are no words.
func TestHarmlessSounds(t *testing.T) {
	l := speech(t)
	s := newSounds(60)
	up := audio.NewResampler(8000, 16000)
	var frames []audio.Frame
	for i := range 400 {
		level := 0.0
		if i == 100 || i == 250 {
			level = 6000 // clicks
		}
		var f audio.Frame
		copy(f[:], up.Process(nil, s.step(level)[:]))
		frames = append(frames, f)
	}
	if got := finals(hear(t, l, frames, stt.Options{})); got != "" {
		t.Errorf("heard %q", got)
	}
}

// TestAgentsOwnWords: a name that no dictionary has is heard because the agent's text has it.
func TestAgentsOwnWords(t *testing.T) {
	t.Parallel()
	l := speech(t)
	frames := telephone(say(t, l, "", "en", "I have an appointment with doctor Zubrowka."), 25)
	with := finals(hear(t, l, frames, stt.Options{Phrases: []string{"Doctor Zubrowka sees patients on Monday"}}))
	keyed := finals(hear(t, l, frames, stt.Options{Keywords: map[string]float64{"Zubrowka": 5}}))
	without := finals(hear(t, l, frames, stt.Options{}))
	if !strings.Contains(with, "zubrowka") || !strings.Contains(keyed, "zubrowka") || strings.Contains(without, "zubrowka") {
		t.Errorf("with the text %q, with the keyword %q, without %q", with, keyed, without)
	}
}

// TestModelStaysSmall: a worker that hears must not take the memory of a small server.
func TestModelStaysSmall(t *testing.T) {
	l := speech(t)
	w, release, err := l.hearers.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.stop()
	defer release()
	if kb := residentKB(t, w.cmd.Process.Pid); kb > 60<<10 {
		t.Errorf("a warm worker has %d kB resident", kb)
	}
}

func residentKB(t testing.TB, pid int) (kb int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if f[0] == "Rss:" {
			kb, _ = strconv.Atoi(f[1])
		}
	}
	return kb
}
