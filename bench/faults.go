package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/deepgram"
	"github.com/parley-voice/parley/provider/openai"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// FaultOptions are how the fault matrix is run.
type FaultOptions struct {
	Calls    int // over all cells of the matrix
	At       int // at once
	Progress func(string)
}

// Skills that can fail.
var faultSkills = []string{"hearing", "thinking", "speaking"}

const (
	faultTalk  = 1500 * time.Millisecond // of the caller
	faultQuiet = 14 * time.Second        // of the agent, after which it counts as stuck
	faultDone  = 1200 * time.Millisecond // of silence after which a reply counts as over, once its turn is written
	faultGone  = 3 * time.Second         // a conversation may last after its caller hung up
)

// RunFaults has every vendor of each skill go wrong in every way, in whole conversations by the real wires of Deepgram (hearing,
// speaking) and OpenAI (thinking), with a backup and without, each call with breakers of its own: nobody has learnt to avoid the
// vendor. Calls are in memory; goroutines: At calls, joined.
func RunFaults(ctx context.Context, o FaultOptions) (FaultReport, error) {
	report := FaultReport{Calls: o.Calls}
	good, err := NewVendors(FixedDelays())
	if err != nil {
		return report, err
	}
	defer good.Close()
	bad := map[Fault]*Vendors{}
	for _, f := range Faults() {
		if bad[f], err = NewFaulty(FixedDelays(), f); err != nil {
			return report, err
		}
		defer bad[f].Close()
	}
	for _, skill := range faultSkills {
		for _, f := range Faults() {
			for _, backup := range []bool{true, false} {
				report.Cells = append(report.Cells, FaultCell{Skill: skill, Fault: f, Backup: backup})
			}
		}
	}
	places := make(chan struct{}, max(o.At, 1))
	var wg sync.WaitGroup
	var mu sync.Mutex // guards the cells
	var done atomic.Int64
	for n := range o.Calls {
		cell := &report.Cells[n%len(report.Cells)]
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			wg.Wait()
			return report, ctx.Err()
		}
		time.Sleep(5 * time.Millisecond) // calls do not come in one instant
		wg.Go(func() {
			defer func() { <-places }()
			one := faultCall{id: fmt.Sprintf("fault-%d", n), cell: *cell, good: good.Origin(), bad: bad[cell.Fault].Origin()}
			took, stuck := one.run(ctx)
			mu.Lock()
			defer mu.Unlock()
			cell.add(took, stuck)
			if d := done.Add(1); o.Progress != nil && d%100 == 0 {
				o.Progress(fmt.Sprintf("%d of %d calls", d, o.Calls))
			}
		})
	}
	wg.Wait()
	report.sum()
	return report, ctx.Err()
}

// A faultCall is one conversation of which one vendor goes wrong.
type faultCall struct {
	id        string
	cell      FaultCell
	good, bad string

	mu    sync.Mutex // guards all below
	turns int        // of the agent, that are written
}

// Append counts the agent's turns.
func (f *faultCall) Append(e parley.Event) {
	var m struct{ Sender parley.Who }
	if e.Type == parley.EventMessage && json.Unmarshal(e.Payload, &m) == nil && m.Sender == parley.Bot {
		f.mu.Lock()
		f.turns++
		f.mu.Unlock()
	}
}

func (f *faultCall) spoken() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.turns
}

// run is how long the caller heard nothing, at the longest, and what was stuck: "" nothing.
func (f *faultCall) run(ctx context.Context) (took time.Duration, stuck string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	setup, err := f.setup()
	if err != nil {
		return 0, err.Error()
	}
	phone, leg := legtest.Pipe(ctx)
	over := make(chan error, 1)
	go func() { // joined below, or given up
		_, err := conversation.Run(ctx, leg, setup)
		over <- err
	}()
	began := time.Now()
	phone.Say(babble(faultTalk)...)
	took, ok := f.listen(ctx, phone, began)
	if !ok {
		stuck = "silence"
	}
	phone.Hangup()
	select {
	case <-over:
	case <-time.After(faultGone):
		stuck = "it did not end"
	}
	return took, stuck
}

// listen is the longest silence from the caller's last sound to the end of the agent's reply; false: it was too long, or the
// agent said nothing before the call ended.
func (f *faultCall) listen(ctx context.Context, phone *legtest.Phone, began time.Time) (longest time.Duration, ok bool) {
	last, seen := faultTalk, 0
	for {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-phone.Gone():
			return longest, seen > 0
		case <-ctx.Done():
			return longest, false
		}
		heard := phone.Heard()
		for _, h := range heard[seen:] {
			if h.At < faultTalk {
				continue // it spoke before it was asked
			}
			longest, last = max(longest, h.At-last), max(last, h.At)
		}
		seen = len(heard)
		quiet := time.Since(began) - last
		switch {
		case quiet > faultQuiet:
			return quiet, false
		case f.spoken() > 0 && quiet > faultDone:
			return longest, true
		}
	}
}

// babble is a caller's sound: a tone whose level moves as that of speech does.
func babble(d time.Duration) []audio.Frame {
	frames := legtest.Tone(300, d, 8000)
	for i := range frames {
		level := 0.6 + 0.4*math.Sin(float64(i)/3)
		for j := range frames[i] {
			frames[i][j] = int16(level * float64(frames[i][j]))
		}
	}
	return frames
}

func (f *faultCall) setup() (s conversation.Setup, err error) {
	own := deepgram.Spec()
	s = conversation.Setup{CallID: f.id, Prompt: "You are a receptionist.", Log: f}
	s.Turns.EndpointingSensitivity = "sensitive"
	var ears []stt.Vendor
	var minds []llm.Vendor
	var voices []tts.Vendor
	for n, name := range []string{"first", "backup"} {
		key := f.id + name
		at := func(skill string) provider.Access {
			if f.cell.Skill == skill && n == 0 {
				return provider.Access{Key: "k", BaseURL: f.bad}
			}
			return provider.Access{Key: "k", BaseURL: f.good}
		}
		ear, err1 := own.Hearing.Open(at("hearing"), nil)
		chat := at("thinking")
		chat.BaseURL += "/v1"
		mind, err2 := openai.NewModel("openai", chat, "bench")
		voice, err3 := own.Speaking.Open(at("speaking"), nil)
		if err := errors.Join(err1, err2, err3); err != nil {
			return s, err
		}
		if n == 0 || f.cell.Backup {
			ears = append(ears, stt.Vendor{Name: name, Breaker: key, Transcriber: ear})
			minds = append(minds, llm.Vendor{Name: name, Breaker: key, Model: mind})
			voices = append(voices, tts.Vendor{Name: name, Breaker: key, Synthesizer: voice})
		}
	}
	s.Hear, s.Think, s.Speak = stt.Fallback(ears...), llm.Fallback(minds...), tts.Fallback(voices...)
	if !f.cell.Backup && f.cell.Skill == "speaking" { // an apology needs a voice: this machine's stands behind, as in the server
		s.Speak = tts.Fallback(append(voices, tts.Vendor{Name: "local", Breaker: f.id + "local", Synthesizer: tts.Func(hum)})...)
	}
	return s, nil
}

// hum stands for the voice of this machine: a tone for every piece.
func hum(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		for {
			var piece string
			var ok bool
			select {
			case piece, ok = <-text:
			case <-ctx.Done():
				yield(tts.Chunk{}, ctx.Err())
				return
			}
			if !ok {
				return
			}
			frames := legtest.Tone(toneHz, time.Duration(len(piece))*perLetter, toneLevel)
			for i, fr := range frames {
				c := tts.Chunk{Frame: fr}
				if i == len(frames)-1 {
					c.Text = piece
				}
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}
