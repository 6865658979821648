package all

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/local"
	"github.com/parley-voice/parley/provider/providertest"
)

// A row is a vendor's way to do a skill, and the fake that does it.
type row struct {
	vendor, skill, way string
	fake               func(t testing.TB) (url string)
	options            string
	model              string
	extra              map[string]string
	sound              []audio.Frame
}

func openAI(t testing.TB) string { return providertest.NewOpenAI(t).URL + "/v1" }

var rows = []row{
	{vendor: "deepgram", skill: "hears", way: "nova", fake: func(t testing.TB) string { return providertest.NewDeepgram(t).URL }},
	{vendor: "deepgram", skill: "hears", way: "flux", fake: func(t testing.TB) string { return providertest.NewDeepgram(t).URL }, options: `{"model":"flux"}`},
	{vendor: "assemblyai", skill: "hears", fake: func(t testing.TB) string { return providertest.NewAssemblyAI(t).URL }},
	{vendor: "gladia", skill: "hears", fake: func(t testing.TB) string { return providertest.NewGladia(t).URL }},
	{vendor: "azure", skill: "hears", fake: func(t testing.TB) string { return providertest.NewAzureSpeech(t).URL }},
	{vendor: "google", skill: "hears", fake: func(t testing.TB) string { return providertest.NewGoogle(t).URL }},
	{vendor: "openai", skill: "hears", way: "realtime", fake: openAI, options: `{"api":"realtime"}`},
	{vendor: "openai_compatible", skill: "hears", way: "utterances", fake: openAI, options: `{"model":"w"}`, sound: providertest.Voiced("one two three")},
	{vendor: "openai", skill: "thinks", way: "chat completions", fake: openAI, model: "gpt-4o-mini"},
	{vendor: "openai", skill: "thinks", way: "responses", fake: openAI, model: "gpt-4o-mini", options: `{"openai_api":"responses"}`},
	{vendor: "azure", skill: "thinks", fake: func(t testing.TB) string { return providertest.NewAzureOpenAI(t).URL }, model: "gpt-4o-mini"},
	{vendor: "google", skill: "thinks", fake: func(t testing.TB) string { return providertest.NewGoogle(t).URL }},
	{vendor: "anthropic", skill: "thinks", fake: func(t testing.TB) string { return providertest.NewAnthropic(t).URL }},
	{vendor: "deepseek", skill: "thinks", fake: func(t testing.TB) string { return providertest.NewDeepSeek(t).URL }},
	{vendor: "togetherai", skill: "thinks", fake: func(t testing.TB) string { return providertest.NewTogether(t).URL }},
	{vendor: "openai_compatible", skill: "thinks", fake: openAI, model: "m"},
	{vendor: "elevenlabs", skill: "speaks", way: "websocket", fake: func(t testing.TB) string { return providertest.NewElevenLabs(t).URL }, options: `{"voice_id":"v1"}`},
	{vendor: "elevenlabs", skill: "speaks", way: "requests", fake: func(t testing.TB) string { return providertest.NewElevenLabs(t).URL },
		options: `{"voice_id":"v1","experimental_input_streaming":false}`},
	{vendor: "cartesia", skill: "speaks", fake: func(t testing.TB) string { return providertest.NewCartesia(t).URL }, options: `{"voice_id":"v1"}`},
	{vendor: "playht", skill: "speaks", fake: func(t testing.TB) string { return providertest.NewPlayHT(t).URL }, options: `{"voice_id":"v1"}`, extra: map[string]string{"user_id": "u1"}},
	{vendor: "rime", skill: "speaks", fake: func(t testing.TB) string { return providertest.NewRime(t).URL }, options: `{"speaker":"astra"}`},
	{vendor: "azure", skill: "speaks", fake: func(t testing.TB) string { return providertest.NewAzureSpeech(t).URL }, options: `{"voice_name":"en-US-JennyNeural"}`},
	{vendor: "google", skill: "speaks", fake: func(t testing.TB) string { return providertest.NewGoogle(t).URL }, options: `{"voice_name":"en-GB-Chirp3-HD-Puck"}`},
	{vendor: "openai", skill: "speaks", fake: openAI, options: `{"voice":"nova"}`},
	{vendor: "deepgram", skill: "speaks", fake: func(t testing.TB) string { return providertest.NewDeepgram(t).URL }},
}

// turn opens the vendor anew, as a call does, on a line.
func (r row) turn(t testing.TB, s provider.Spec, url string, line *providertest.Line) (u providertest.Turn) {
	t.Helper()
	var err error
	var options []byte
	if r.options != "" {
		options = []byte(r.options)
	}
	a := provider.Access{Key: "key", BaseURL: url, Extra: r.extra, Net: line.Net()}
	u = providertest.Turn{Line: line, Sound: r.sound}
	switch r.skill {
	case "hears":
		u.Hear, err = s.Hearing.Open(a, options)
	case "thinks":
		u.Think, err = s.Thinking.Open(a, r.model, options)
	case "speaks":
		u.Speak, err = s.Speaking.Open(a, options)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (r row) name() string {
	if r.way == "" {
		return r.vendor + "/" + r.skill
	}
	return r.vendor + "/" + r.skill + "/" + r.way
}

// TestWarmed: every vendor's every skill, but for those of this machine, can be warmed while the phone rings, and the call then opens no connection.
func TestWarmed(t *testing.T) {
	all := specs(t)
	seen := map[string]bool{"local/hears": true, "local/thinks": true, "local/speaks": true}
	for _, r := range rows {
		seen[r.vendor+"/"+r.skill] = true
		t.Run(r.name(), func(t *testing.T) {
			s, _ := Find(all, r.vendor)
			line := providertest.NewLine(t)
			url := r.fake(t)
			warmed := r.turn(t, s, url, line)
			if warmed.Take(t) <= 0 {
				t.Fatal("nothing came")
			}
			if n := line.Opened(); n > r.connections() {
				t.Errorf("%d connections were opened", n)
			}
		})
	}
	for skill, able := range map[string][]provider.Spec{"hears": Hearers(all), "thinks": Thinkers(all), "speaks": Speakers(all)} {
		for _, s := range able {
			if !seen[s.Name+"/"+skill] {
				t.Errorf("%s %s: no row of it here", s.Name, skill)
			}
		}
	}
}

// connections are how many a warmed call opens, warming included.
func (r row) connections() int {
	switch r.name() {
	case "gladia/hears": // a request, and its websocket
		return 2
	case "elevenlabs/speaks/websocket": // the next reply's is opened meanwhile
		return 2
	}
	return 1
}

// dawdler takes its time with each delta.
type dawdler struct{ llm.Model }

func (d dawdler) Warm(ctx context.Context) error { return d.Model.(provider.Warmer).Warm(ctx) }

func (d dawdler) Chat(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		for x, err := range d.Model.Chat(ctx, r) {
			if time.Sleep(5 * time.Millisecond); !yield(x, err) {
				return
			}
		}
	}
}

// TestAddedIsSeen: plumbing that takes its time is found out.
func TestAddedIsSeen(t *testing.T) {
	r := rows[slices.IndexFunc(rows, func(r row) bool { return r.name() == "anthropic/thinks" })]
	s, _ := Find(specs(t), r.vendor)
	u := r.turn(t, s, r.fake(t), providertest.NewLine(t))
	u.Think = dawdler{u.Think}
	if added := u.Take(t); added < 5*time.Millisecond {
		t.Errorf("5 ms more were measured as %v", added)
	}
}

// BenchmarkAdded is what our plumbing adds, from a vendor's first byte to the frame, the words or the event that comes of it.
func BenchmarkAdded(b *testing.B) {
	l := local.New(local.Config{})
	b.Cleanup(l.Close)
	all := Specs(l)
	for _, r := range rows {
		b.Run(r.name(), func(b *testing.B) {
			s, _ := Find(all, r.vendor)
			line, url := providertest.NewLine(b), r.fake(b)
			providertest.Bench(b, func() providertest.Turn { return r.turn(b, s, url, line) })
		})
	}
}
