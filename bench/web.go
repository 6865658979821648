package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/webrtc"
	"github.com/parley-voice/parley/rtp"
)

// The stages of a web call, in the order in which they end. Each counts from the end of the one before; a ticket and the microphone are
// asked for at once, and count from the click, both.
var webStages = []string{"ticket", "microphone", "offered", "answered", "way", "connected", "packet", "sound"}

// WebOptions say what to measure of calls of browsers. Zero values are defaults, but for Command.
type WebOptions struct {
	Command  []string      // starts the server: the binary and "serve"
	Runs     int           // 30
	Local    bool          // the agent speaks by this machine's own voice, else by a vendor of no delay
	Codec    string        // opus
	Chromium string        // a browser that is driven as well; "": whichever is in PATH, none: nothing is
	Voice    time.Duration // the vendor's delay
	Log      io.Writer     // gets what the server says; nil: nobody
	Progress func(string)  // is told what begins; nil: nobody is
}

// webCodecs are those that may be measured, as browsers call them.
var webCodecs = map[string]rtp.Codec{"opus": rtp.Opus, "G722": rtp.G722, "PCMU": rtp.PCMU, "PCMA": rtp.PCMA}

// webCall is what one call is made of.
type webCall struct {
	site  string // origin of the server
	page  string // origin of the page
	agent string
	codec string
}

// audibleFrom is the level of the first sound, as a share of full scale; a page of the bench measures by the same.
const audibleFrom = 0.01

// ticketEvery is how often an address may call.
const ticketEvery = time.Second

// callLimit ends a call that does not come to a sound.
const callLimit = 15 * time.Second

// RunWeb has browsers call, one after the other, and says how long each waits from the click to the first sound.
func RunWeb(ctx context.Context, o WebOptions) (r WebReport, err error) {
	if len(o.Command) == 0 {
		return r, errors.New("bench: no server to measure")
	}
	orElse(&o.Runs, 30)
	if o.Codec == "" {
		o.Codec = "opus"
	}
	if _, ok := webCodecs[o.Codec]; !ok {
		return r, fmt.Errorf("bench: codec: %q is none of opus, G722, PCMU, PCMA", o.Codec)
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	vendors, err := NewVendors(Delays{TTS: o.Voice})
	if err != nil {
		return r, fmt.Errorf("bench: vendors: %w", err)
	}
	defer vendors.Close()
	s, err := startServer(ctx, setting{command: o.Command, vendors: vendors, rtpPorts: "22000-31999", log: o.Log})
	if err != nil {
		return r, fmt.Errorf("bench: %w", err)
	}
	defer func() {
		if stopErr := s.stop(); err == nil && stopErr != nil {
			err = fmt.Errorf("bench: %w", stopErr)
		}
	}()
	page, err := newPage(s.client.base)
	if err != nil {
		return r, fmt.Errorf("bench: %w", err)
	}
	defer page.close()
	c := webCall{site: s.client.base, page: page.origin(), codec: o.Codec}
	if c.agent, err = s.client.webAgent(ctx, c.page, o.Local); err != nil {
		return r, fmt.Errorf("bench: %w", err)
	}
	r.Runs, r.Local, r.VoiceMS, r.Codec = o.Runs, o.Local, milliseconds(o.Voice), o.Codec
	o.Progress("a client in Go")
	clock := leg.NewClock()
	defer clock.Close()
	if r.Plain, err = measureWeb(ctx, "a client in Go", o.Runs, func(ctx context.Context) (map[string]float64, error) { return c.ring(ctx, clock) }); err != nil {
		return r, fmt.Errorf("bench: %w", err)
	}
	if o.Chromium = findChromium(o.Chromium); o.Chromium == "" {
		r.Note = "no Chromium is installed: scripts/install.sh chromium"
		return r, nil
	}
	o.Progress(o.Chromium)
	b, err := openChromium(ctx, o.Chromium)
	if err != nil {
		return r, fmt.Errorf("bench: %w", err)
	}
	defer b.close()
	if r.Browser, err = measureWeb(ctx, b.version, o.Runs, func(ctx context.Context) (map[string]float64, error) { return b.visit(ctx, c) }); err != nil {
		return r, fmt.Errorf("bench: %w", err)
	}
	return r, nil
}

// measureWeb makes one call that does not count, for first connections and first pages, and then those that do.
func measureWeb(ctx context.Context, who string, runs int, call func(context.Context) (map[string]float64, error)) (*WebCalls, error) {
	w := &WebCalls{Who: who, Stages: map[string]Stats{}}
	got := map[string][]float64{}
	var sums []float64
	for i := range runs + 1 {
		if i > 0 && !wait(ctx, ticketEvery) {
			return nil, ctx.Err()
		}
		one, stop := context.WithTimeout(ctx, callLimit)
		at, err := call(one)
		stop()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && i == 0:
			return nil, fmt.Errorf("%s: the first call: %w", who, err)
		case err != nil:
			w.Failed++
			w.Notes = append(w.Notes, err.Error())
			continue
		case i == 0:
			w.First = at["sound"]
			continue
		}
		sums = append(sums, at["sound"])
		before := 0.0
		for _, stage := range webStages {
			t, ok := at[stage]
			if !ok {
				continue
			}
			if stage == "microphone" || stage == "ticket" {
				got[stage] = append(got[stage], t)
				before = max(before, t)
				continue
			}
			got[stage] = append(got[stage], max(0, t-before)) // two that end together are told in any order
			before = max(before, t)
		}
	}
	for stage, ms := range got {
		w.Stages[stage] = statsOf(ms)
	}
	w.Sound = statsOf(sums)
	return w, nil
}

// webAgent makes an agent that pages of an origin may call, and which greets at once.
func (c client) webAgent(ctx context.Context, origin string, local bool) (string, error) {
	body := map[string]any{
		"name": "bench", "prompt": map[string]any{"content": "You are the receptionist of a shop."}, "actions": []any{}, "web_origins": []string{origin},
		"voice": map[string]any{"type": "voice_deepgram", "model": "aura-2-thalia-en"}, "transcriber": map[string]any{"type": "transcriber_deepgram"},
		"provider": "openai", "model": "gpt-4o-mini", "initial_message": "Good morning, this is the shop. How can I help you?",
	}
	if local {
		body["voice"], body["transcriber"] = map[string]any{"type": "voice_local"}, map[string]any{"type": "transcriber_local"}
	}
	var agent struct{ ID string }
	if err := c.do(ctx, http.MethodPost, "/v1/agents/create", body, &agent); err != nil {
		return "", fmt.Errorf("making the agent: %w", err)
	}
	return agent.ID, nil
}

// ring makes one call without a browser, and gives the moments of its stages in ms.
func (c webCall) ring(ctx context.Context, clock *leg.Clock) (at map[string]float64, err error) {
	at = map[string]float64{}
	click := time.Now()
	past := func(stage string) { at[stage] = milliseconds(time.Since(click)) }
	var pass struct {
		Token string `json:"token"`
	}
	body, err := json.Marshal(map[string]string{"agent": c.agent})
	if err != nil {
		return nil, err
	}
	said, _, err := c.post(ctx, "/web/tickets", "application/json", "", body)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(said, &pass); err != nil {
		return nil, fmt.Errorf("the ticket: %w", err)
	}
	past("ticket")
	b, err := webrtc.NewBrowser(ctx, webrtc.BrowserConfig{Clock: clock, Codecs: []rtp.Codec{webCodecs[c.codec]}})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	past("offered")
	answer, where, err := c.post(ctx, "/web/calls", "application/sdp", pass.Token, b.Offer())
	if err != nil {
		return nil, err
	}
	defer c.end(where)
	past("answered")
	if err := b.Connect(ctx, answer); err != nil {
		return nil, err
	}
	past("way")
	for {
		e, err := b.Read(ctx)
		if err != nil {
			return nil, fmt.Errorf("nothing was heard: %w", err)
		}
		if e.Kind == leg.Audio && heard(&e.Frame) {
			past("sound")
			break
		}
	}
	keys, first := b.Seen()
	at["connected"], at["packet"] = milliseconds(keys.Sub(click)), milliseconds(first.Sub(click))
	return at, nil
}

func heard(f *audio.Frame) bool {
	for _, s := range f {
		if x := float64(s) / 32768; x > audibleFrom || x < -audibleFrom {
			return true
		}
	}
	return false
}

// post asks the server as the page would.
func (c webCall) post(ctx context.Context, path, kind, token string, body []byte) (said []byte, where string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.site+path, bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Origin", c.page)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	if said, err = io.ReadAll(io.LimitReader(res.Body, answerLimit)); err == nil && res.StatusCode != http.StatusCreated {
		err = fmt.Errorf("POST %s: %s: %.300s", path, res.Status, said)
	}
	return said, res.Header.Get("Location"), err
}

// end hangs up, also when the time of the call is over.
func (c webCall) end(where string) {
	req, err := http.NewRequest(http.MethodDelete, c.site+where, nil)
	if err != nil {
		return
	}
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close()
	}
}

// findChromium is the path of a browser; "": there is none.
func findChromium(named string) string {
	for _, name := range []string{named, "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
