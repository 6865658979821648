package bench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parley-voice/parley/audio"
)

// Stages count from the end of the one before, but for the two that begin with the click; the first call counts for itself, and one that
// fails not at all.
func TestStagesOfWebCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		w, err := measureWeb(t.Context(), "somebody", 4, func(context.Context) (map[string]float64, error) {
			switch n++; n {
			case 1:
				return map[string]float64{"sound": 900}, nil
			case 3:
				return nil, errors.New("busy")
			}
			return map[string]float64{"ticket": 5, "microphone": 20, "offered": 30, "answered": 45, "way": 60, "connected": 59, "sound": 100}, nil
		})
		if err != nil || w.Failed != 1 || w.First != 900 || w.Sound.N != 3 || w.Sound.P50 != 100 || len(w.Notes) != 1 {
			t.Fatalf("%+v, %v", w, err)
		}
		for stage, want := range map[string]float64{"ticket": 5, "microphone": 20, "offered": 10, "answered": 15, "way": 15, "connected": 0, "sound": 40} {
			if got := w.Stages[stage].P50; got != want {
				t.Errorf("%s: %v ms, want %v", stage, got, want)
			}
		}
		var out bytes.Buffer
		WebReport{Runs: 4, Codec: "opus", Plain: w, Note: "no Chromium"}.Print(&out)
		for _, want := range []string{"somebody", "1 failed", "p50 ≤ 400: NO", "DTLS", "busy", "no Chromium"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
	})
}

func TestFirstWebCallFails(t *testing.T) {
	_, err := measureWeb(t.Context(), "somebody", 4, func(context.Context) (map[string]float64, error) { return nil, errors.New("nobody is there") })
	if err == nil || !strings.Contains(err.Error(), "nobody is there") {
		t.Error(err)
	}
}

func TestWebOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		o    WebOptions
		says string
	}{
		"no server": {WebOptions{}, "no server"},
		"codec":     {WebOptions{Command: []string{"x"}, Codec: "speex"}, `"speex" is none of`},
		"start":     {WebOptions{Command: []string{"/nowhere/parley", "serve"}}, "starting the server"},
	} {
		if _, err := RunWeb(t.Context(), tc.o); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWebPage(t *testing.T) {
	p, err := newPage("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	res, err := http.Get(p.origin())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); !strings.Contains(string(b), `src="http://127.0.0.1:1/widget.js"`) {
		t.Errorf("%s", b)
	}
}

func TestHeard(t *testing.T) {
	var f audio.Frame
	if heard(&f) {
		t.Error("silence is heard")
	}
	f[7] = -400
	if !heard(&f) {
		t.Error("a sound is not")
	}
}
