package bench

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// TestFaultsEndWell: a few whole conversations; how long they take is the bench's to say.
func TestFaultsEndWell(t *testing.T) {
	r, err := RunFaults(t.Context(), FaultOptions{Calls: 2, At: 2})
	if err != nil {
		t.Fatal(err)
	}
	if r.Stuck != 0 || r.Backup.N != 1 || r.Alone.N != 1 || len(r.Cells) != 60 {
		t.Errorf("%+v", r)
	}
	var out strings.Builder
	r.Print(&out)
	for _, want := range []string{"hearing", "no first byte", "cut JSON", "stuck 0 of 2: yes"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
}

func TestFaultReportCountsTheStuck(t *testing.T) {
	r := FaultReport{Calls: 3, Cells: []FaultCell{{Skill: "hearing", Fault: Stall, Backup: true}, {Skill: "hearing", Fault: Stall}}}
	r.Cells[0].add(2600*time.Millisecond, "")
	r.Cells[1].add(11*time.Second, "")
	r.Cells[1].add(0, "silence")
	r.sum()
	var out strings.Builder
	r.Print(&out)
	if r.Stuck != 1 || strings.Count(out.String(), ": NO") != 3 || !strings.Contains(out.String(), "1 stuck") {
		t.Errorf("%+v\n%s", r, &out)
	}
}

func TestFaultyVendorsFail(t *testing.T) {
	for _, f := range Faults() {
		t.Run(string(f), func(t *testing.T) {
			v, err := NewFaulty(Delays{}, f)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a bound for those that never end
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.Origin()+"/v1/chat/completions", strings.NewReader(`{"stream":true}`))
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				if f != Refuse && f != Hang {
					t.Errorf("no answer: %v", err)
				}
				return
			}
			defer res.Body.Close()
			b, _ := io.ReadAll(res.Body)
			if strings.Contains(string(b), "[DONE]") {
				t.Errorf("it answered as if nothing were: %s", b)
			}
			if want := map[Fault]int{Denied: 401, Throttle: 429, Broken: 500}[f]; want != 0 && res.StatusCode != want {
				t.Errorf("%d", res.StatusCode)
			}
		})
	}
}

func TestFaultCallCountsTheAgentsTurns(t *testing.T) {
	var f faultCall
	for _, who := range []parley.Who{parley.Human, parley.Bot, parley.Human, parley.Bot} {
		f.Append(parley.NewEvent("c", parley.EventMessage, map[string]any{"sender": who}))
	}
	f.Append(parley.NewEvent("c", parley.EventWarning, map[string]any{"sender": parley.Bot}))
	if f.spoken() != 2 {
		t.Errorf("%d turns", f.spoken())
	}
}
