package assemblyai

import (
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
)

var loud = func() (f audio.Frame) { f[7] = -2000; return f }()

// TestPace: a backlog goes at the pace of speech, a second ahead of it, and silence in it is left out; words keep their places.
func TestPace(t *testing.T) {
	var p pace
	now := time.Now()
	send := func(f audio.Frame, n int) (sent int) {
		for range n {
			if p.skip(&f, now) {
				continue
			}
			if d := p.wait(now); d > 0 {
				now = now.Add(d)
			}
			p.sent++
			sent++
		}
		return sent
	}
	began := now
	if send(loud, 50); now != began {
		t.Errorf("a second was held back by %s", now.Sub(began))
	}
	if send(loud, 50); now.Sub(began) > time.Second || now.Sub(began) < 900*time.Millisecond {
		t.Errorf("two seconds took %s", now.Sub(began))
	}
	before := p.sent
	if n := send(audio.Frame{}, 500); n != keepQuiet {
		t.Errorf("%d frames of silence were sent", n)
	}
	after := p.sent
	send(loud, 10)
	for at, want := range map[time.Duration]time.Duration{
		time.Duration(before-1) * frame: time.Duration(before-1) * frame,
		time.Duration(after) * frame:    time.Duration(after+500-keepQuiet) * frame,
		time.Duration(after+5) * frame:  time.Duration(after+5+500-keepQuiet) * frame,
	} {
		if got := p.heard(at); got != want {
			t.Errorf("what was heard at %s is at %s, want %s", at, got, want)
		}
	}
	now = now.Add(time.Hour) // caught up
	if n := send(audio.Frame{}, 500); n != 500 {
		t.Errorf("%d of 500 frames of silence were sent in time", n)
	}
}

func TestCutsAreBounded(t *testing.T) {
	p := pace{began: time.Now(), sent: 1 << 20}
	for range 3 * maxCuts {
		for range keepQuiet + 1 {
			p.skip(new(audio.Frame), p.began)
		}
		p.skip(&loud, p.began)
		p.sent++
	}
	if len(p.cuts) > maxCuts || p.heard(1<<62) != 1<<62+3*maxCuts*frame {
		t.Errorf("%d cuts, %s left out", len(p.cuts), p.heard(0))
	}
}

// TestBacklog: sound that has piled up, with a long pause in it, is heard whole, soon, and with the words in their places.
func TestBacklog(t *testing.T) {
	t.Parallel()
	a := providertest.NewAssemblyAI(t)
	sound := append(providertest.Spoken("one two"), providertest.Silence(1500)...)
	sound = append(sound, providertest.Spoken("three four")...)
	in := make(chan audio.Frame, len(sound))
	for _, f := range sound {
		in <- f
	}
	close(in)
	began, want := time.Now(), time.Duration(len(providertest.Spoken("one two"))+1500)*frame
	last := ""
	for e, err := range transcriber(t, a, "").Transcribe(t.Context(), in, stt.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Final {
			last = e.Text
			if e.Text == "three four" && (e.Words[0].Start < want-5*frame || e.Words[0].Start > want+5*frame) {
				t.Errorf("three is at %s, want %s", e.Words[0].Start, want)
			}
		}
	}
	if last != "three four" {
		t.Errorf("heard %q last", last)
	}
	if d := time.Since(began); d > 15*time.Second {
		t.Errorf("half a minute took %s", d)
	}
}
