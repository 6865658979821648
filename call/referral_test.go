package call

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// told keeps what a far end was told of its referral.
type told struct {
	mu    sync.Mutex // guards codes
	codes []int
}

func (c *told) report(code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.codes = append(c.codes, code)
}

func (c *told) all() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.codes)
}

// TestReferral: the agent talks on with whom the far end names, over the same account, with what was said in mind.
func TestReferral(t *testing.T) {
	for name, leaves := range map[string]bool{"the far end stays": false, "the far end leaves at once": true} {
		t.Run(name, func(t *testing.T) {
			run(t, func(ctx context.Context, b *bench) {
				var read []llm.Message
				b.model = llm.Func(func(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
					return func(yield func(llm.Delta, error) bool) {
						read = r.Messages
						yield(llm.Delta{Text: "We open at nine."}, nil)
					}
				})
				b.desk.trunk = &parley.TrunkAccount{ID: "pbx", Policy: parley.DialPolicy{Extensions: true}}
				phones := b.answers(2 * time.Second)
				caller, _, done := b.ring(ctx, "desk")
				time.Sleep(2 * time.Second)
				var news told
				caller.Send(leg.NewReferral("201", "id;to-tag=a;from-tag=b", news.report))
				if leaves {
					time.Sleep(time.Second)
					caller.Hangup()
				}
				person := <-phones
				time.Sleep(time.Second)
				select {
				case <-caller.Gone():
				default:
					t.Error("the old leg stays")
				}
				b.ear <- stt.Event{Text: "when do you open", Final: true, End: true}
				time.Sleep(5 * time.Second)
				if n := legtest.Count(person.Ear(), 1000); n < 10 {
					t.Errorf("the other heard %d frames of the agent", n)
				}
				if got := news.all(); !slices.Equal(got, []int{200}) {
					t.Errorf("the far end was told %v", got)
				}
				person.Hangup()
				<-done
				c := b.rows.only(t)
				if c.Cause != parley.CallerHungUp || c.Status != parley.Ended || c.Stage != parley.StagePickedUp {
					t.Errorf("%+v", c)
				}
				if d := b.exchange.dialled; len(d) != 1 || d[0].To != "201" || d[0].Replaces != "id;to-tag=a;from-tag=b" || d[0].Trunk == nil {
					t.Errorf("dialled %+v", d)
				}
				if got := parley.Transcript(c.Record); strings.Count(got, "Hello there") != 1 || !strings.Contains(got, "BOT: We open at nine.") {
					t.Errorf("the transcript:\n%s", got)
				}
				if !slices.ContainsFunc(read, func(m llm.Message) bool { return m.Role == llm.System && strings.Contains(m.Text, "at 201") }) {
					t.Errorf("the model was not told: %+v", read)
				}
				if last := c.Turns[len(c.Turns)-1]; last.Start < 4*time.Second {
					t.Errorf("the last turn began at %v", last.Start)
				}
				if c.RecordingLen < 8*time.Second {
					t.Errorf("%v were recorded", c.RecordingLen)
				}
				if w := b.book.payload(t, parley.EventTransferred); w != `{"by":"referral","to":"201"}` {
					t.Errorf("transferred: %s", w)
				}
			})
		})
	}
}

// TestReferralThatFails: the far end is told why, and has the agent back.
func TestReferralThatFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		to    string
		trunk *parley.TrunkAccount
		want  int
		dials int
	}{
		{"busy", "201", &parley.TrunkAccount{ID: "pbx", Policy: parley.DialPolicy{Extensions: true}}, 486, 1},
		{"not allowed to be dialled", "+19005550000", &parley.TrunkAccount{ID: "pbx"}, 403, 0},
		{"a sip: address is no way round", "sip:+19005550000@elsewhere.example", &parley.TrunkAccount{ID: "pbx"}, 403, 0},
		{"no account", "sip:bob@elsewhere.example", nil, 503, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, func(ctx context.Context, b *bench) {
				b.desk.trunk = c.trunk
				b.refuses(parley.Busy, 486)
				caller, _, done := b.ring(ctx, "desk")
				time.Sleep(2 * time.Second)
				var news told
				caller.Send(leg.NewReferral(c.to, "", news.report))
				time.Sleep(time.Second)
				caller.Send(leg.NewReferral("202", "", nil)) // nobody is asked
				time.Sleep(10 * time.Second)
				if got := news.all(); !slices.Equal(got, []int{c.want}) {
					t.Errorf("told %v", got)
				}
				caller.Hangup()
				<-done
				row := b.rows.only(t)
				if row.Cause != parley.CallerHungUp {
					t.Errorf("%+v", row)
				}
				if got := parley.Transcript(row.Record); !strings.Contains(got, "could not reach anybody") {
					t.Errorf("the transcript:\n%s", got)
				}
				for _, d := range b.exchange.dialled {
					if d.To != c.to && d.To != "202" {
						t.Errorf("dialled %+v", d)
					}
				}
				if n := len(b.exchange.dialled); n < c.dials {
					t.Errorf("%d dialled", n)
				}
			})
		})
	}
}

// TestReferralOfABridge: two who were connected are not taken apart by one of them.
func TestReferralOfABridge(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		phones := b.answers(time.Second)
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		b.transferTo(t, "+15550009999")
		person := <-phones
		time.Sleep(time.Second)
		var news told
		person.Send(leg.NewReferral("201", "", news.report))
		time.Sleep(time.Second)
		if got := news.all(); !slices.Equal(got, []int{603}) {
			t.Errorf("told %v", got)
		}
		caller.Hangup()
		<-done
	})
}
