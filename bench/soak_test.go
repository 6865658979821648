package bench

import (
	"bytes"
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// TestLinesCallEachOther: a line answers a call that it expects, once, and is busy for any other; either side may hang up.
func TestLinesCallEachOther(t *testing.T) {
	b, err := newLine(netip.MustParseAddrPort("127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	at := netip.MustParseAddrPort(b.from)
	a, err := newLine(at)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	b.server = netip.MustParseAddrPort(a.from) // whom it says goodbye to
	here, there := netip.MustParseAddrPort("127.0.0.1:4000"), netip.MustParseAddrPort("127.0.0.1:5000")
	for _, byCalled := range []bool{false, true} {
		comes := b.expect("soak000001", there)
		d, err := a.dial(t.Context(), "x", "soak000001", here)
		if err != nil {
			t.Fatal(err)
		}
		c := <-comes
		if d.Sound != there || c.Sound != here {
			t.Errorf("the sound goes to %v and %v", d.Sound, c.Sound)
		}
		first, second := d, c
		if byCalled {
			first, second = c, d
		}
		first.bye(t.Context())
		if !second.hungUp.Load() {
			t.Error("the other side knows nothing of the end")
		}
		if _, err := a.dial(t.Context(), "x", "soak000001", here); err == nil || !strings.Contains(err.Error(), "486") {
			t.Errorf("a call that nobody expects: %v", err)
		}
	}
}

func TestAnswerTakesTheOffersDigits(t *testing.T) {
	at := netip.MustParseAddrPort("127.0.0.1:4000")
	if s := answerTo("a=rtpmap:0 PCMU/8000\r\na=rtpmap:97 telephone-event/8000\r\n", at); !strings.Contains(s, "RTP/AVP 0 97\r\n") || !strings.Contains(s, "a=rtpmap:97 telephone-event") {
		t.Error(s)
	}
	if s := answerTo("a=rtpmap:0 PCMU/8000\r\n", at); !strings.Contains(s, "m=audio 4000 RTP/AVP 0\r\n") || strings.Contains(s, "telephone-event") {
		t.Error(s)
	}
}

// acted has a script talk with an agent that answers each turn at once for a second, and ends the call when it is asked to.
func acted(s *script, ends bool, d time.Duration) {
	now := time.Now()
	s.start(now, 0, now.Add(d))
	var answer time.Time // the end of the agent's present answer
	for range 60 * 50 {
		now = now.Add(20 * time.Millisecond)
		before := s.spoke
		s.next(now)
		if s.step == finished {
			return
		}
		if !s.spoke.IsZero() && s.spoke != before {
			if s.parted && ends {
				s.left()
				return
			}
			answer = now.Add(time.Second)
		}
		if now.Before(answer) && !(s.parted && !ends) {
			s.sound(now.Add(time.Millisecond))
		}
	}
}

func TestScriptParts(t *testing.T) {
	u, err := newUtterance()
	if err != nil {
		t.Fatal(err)
	}
	s := newScript(u, 1)
	s.duties = duties{parts: true, acts: 2}
	acted(s, true, 20*time.Second)
	if !s.parted || s.lost != 0 || s.turn < 3 || s.acted != s.turn/2 || s.step != finished || s.holes != 0 {
		t.Errorf("%+v, %d turns, %d lost", s.duties, s.turn, s.lost)
	}
	deaf := newScript(u, 1)
	deaf.parts = true
	acted(deaf, false, 5*time.Second)
	if deaf.lost != 1 || deaf.step != finished {
		t.Errorf("an agent that does not end the call: %d lost, step %d", deaf.lost, deaf.step)
	}
	early := newScript(u, 1)
	early.start(time.Now(), 0, time.Now().Add(time.Minute))
	if early.left(); early.lost != 1 {
		t.Error("an agent that hangs up in between loses nothing")
	}
}

func TestHole(t *testing.T) {
	u, err := newUtterance()
	if err != nil {
		t.Fatal(err)
	}
	for quiet, want := range map[time.Duration]int{60 * time.Millisecond: 0, 200 * time.Millisecond: 1} {
		s, now := newScript(u, 1), time.Now()
		s.step, s.spoke = quietening, now
		for range 10 {
			now = now.Add(20 * time.Millisecond)
			s.sound(now)
		}
		s.holes = 0 // what was before the answer
		s.sound(now.Add(quiet))
		if s.holes != want {
			t.Errorf("%v of quiet are %d holes", quiet, s.holes)
		}
	}
}

func TestPerHour(t *testing.T) {
	var all []SoakSample
	for i := range 60 {
		all = append(all, SoakSample{Minute: float64(i), MiB: 40 + float64(i)/30, Calls: 20})
	}
	all[30].MiB = 500 // a bad moment
	if g := perHour(all, func(s SoakSample) float64 { return s.MiB }); g < 1.99 || g > 2.01 {
		t.Errorf("2 MiB an hour are found to be %.2f", g)
	}
	if perHour(nil, nil) != 0 || perHour(all[:1], func(s SoakSample) float64 { return s.MiB }) != 0 {
		t.Error("nothing grows")
	}
	r := SoakReport{Calls: 20, SoakMemory: SoakMemory{WarmMinutes: 40, Samples: slices.Clone(all)}}
	r.Samples = append(r.Samples, SoakSample{Minute: 60, MiB: 5}) // the calls have ended
	if r.conclude(); r.MiB < 1.99 || r.MiB > 2.01 || len(r.Samples) != 61 {
		t.Errorf("%+v", r.MiB)
	}
}

func TestLooked(t *testing.T) {
	if n := procNumber("Rss: 9 kB\nPss_Anon:   12 kB\nThreads:\t7\n", "Pss_Anon:"); n != 12 {
		t.Error(n)
	}
	if procNumber("Pss: x kB", "Pss:") != 0 || procNumber("", "Pss:") != 0 || looked(1<<30) != (held{}) {
		t.Error("there is something where nothing is")
	}
}

// TestTold: what came is held against what the call was.
func TestTold(t *testing.T) {
	x, err := newTold()
	if err != nil {
		t.Fatal(err)
	}
	defer x.close()
	post := func(body string) {
		res, err := http.Post(x.url(), "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	c := &soakCall{id: "a", script: &script{duties: duties{acted: 1}}}
	p, k := soakPlan{agent: soakAgent{told: true}}, keptCall{Turns: make([]keptTurn, 1)}
	for _, b := range []string{`{"call_id":"a","payload":{}}`, `{"id":"1","call_id":"a","type":"event_phone_call_connected"}`, `{"id":"2","call_id":"a","type":"event_message"}`,
		`{"id":"3","call_id":"a","type":"event_phone_call_ended"}`, `{"id":"3","call_id":"a","type":"event_phone_call_ended"}`} { // a repeated one is the same
		post(b)
	}
	if x.over("a") || x.judge(p, c, k) == nil {
		t.Error("without its transcript it is complete")
	}
	post(`{"id":"4","call_id":"a","type":"event_transcript"}`)
	if err := x.judge(p, c, k); err != nil || !x.over("a") {
		t.Error(err)
	}
	post(`{"id":"5","call_id":"a","type":"event_phone_call_ended"}`)
	if x.judge(p, c, k) == nil {
		t.Error("two endings are one")
	}
	post(`{"call_id":"a","payload":{}}`)
	if err := x.judge(p, c, k); err == nil || !strings.Contains(err.Error(), "2 actions") {
		t.Error(err)
	}
	if x.forget("a"); x.over("a") {
		t.Error("it is not forgotten")
	}
}

func TestJudgeTurns(t *testing.T) {
	human := keptTurn{Text: strings.Join(fixedWords, " "), Who: parley.Human}
	whole, cut := keptTurn{Text: fixedReply, Who: parley.Bot}, keptTurn{Text: "Sure, I can help", Who: parley.Bot}
	stopped := cut
	stopped.Interrupted = true
	for name, x := range map[string]struct {
		turns []keptTurn
		want  int
	}{
		"as said":        {[]keptTurn{human, stopped, human, whole}, 0},
		"one is missing": {[]keptTurn{human, whole}, 1},
		"cut short":      {[]keptTurn{human, cut, human, whole}, 1},
		"misheard":       {[]keptTurn{{Text: "could you", Who: parley.Human}, whole, human, whole}, 1},
		"other words":    {[]keptTurn{human, {Text: "Hm.", Who: parley.Bot}, human, whole}, 1},
	} {
		c := &soakCall{script: &script{turn: 1, duties: duties{cut: 1}}}
		if (&soak{}).judgeTurns(c, keptCall{Turns: x.turns}); len(c.faults) != x.want {
			t.Errorf("%s: %v", name, c.faults)
		}
	}
}

func TestSoakReport(t *testing.T) {
	s := &soak{o: SoakOptions{Lasts: time.Hour, Calls: 20, Database: "x", NATS: "y", Progress: func(string) {}}}
	s.report = newSoakReport(s.o)
	for _, f := range []string{"", "a packet came 230.5ms off its time", "a packet came 1.2s off its time"} {
		c := &soakCall{script: &script{turn: 3}, packet: inbound{got: 100}}
		if f != "" {
			c.fault("%s", f)
		}
		s.count(soakPlan{}, c)
	}
	s.count(soakPlan{}, &soakCall{faults: []string{"it does not begin"}})
	var b bytes.Buffer
	s.report.Print(&b)
	for _, want := range []string{"PostgreSQL with NATS", "1 good: 25.000 %", "2 × a packet came … off its time", "9; 0 lost", "300; 0 lost"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if s.report.WarmMinutes != 10 {
		t.Errorf("warm after %v minutes", s.report.WarmMinutes)
	}
	if _, err := RunSoak(context.Background(), SoakOptions{}); err == nil {
		t.Error("a soak of no server")
	}
}

// TestDraw: of the calls of a soak all kinds come, as long as they may be, and none is to be transferred by an agent that cannot.
func TestDraw(t *testing.T) {
	s := &soak{o: SoakOptions{}.orDefault(), agents: []soakAgent{{}, {transfers: true}}}
	ends, out := map[soakEnd]int{}, 0
	for i := range 2000 {
		p := s.draw(seededDice(uint64(i)))
		if p.talk < s.o.Shortest || p.talk > s.o.Longest {
			t.Fatalf("a call of %v", p.talk)
		}
		if p.ends == byTransfer && (p.out || !p.agent.transfers) {
			t.Fatalf("%+v", p)
		}
		if p.out {
			out++
		}
		ends[p.ends]++
	}
	if len(ends) != 4 || out < 800 || out > 1200 {
		t.Errorf("%v; %d go out", ends, out)
	}
}
