package conversation

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/tts"
)

// TestKeptWordsCostNothing: words of the agent's own are asked for as such, those of the model are not, and sound that was kept is
// paid for by nobody, whether it is heard or not.
func TestKeptWordsCostNothing(t *testing.T) {
	for _, kept := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var fixed []bool
			speak := tts.Func(func(_ context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
				return func(yield func(tts.Chunk, error) bool) {
					fixed = append(fixed, o.Fixed)
					for s := range text {
						if !yield(tts.Chunk{Text: s, Kept: kept && o.Fixed}, nil) {
							return
						}
					}
				}
			})
			model := llm.Func(func(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
				return func(yield func(llm.Delta, error) bool) { yield(llm.Delta{Text: "Certainly."}, nil) }
			})
			c := newLoop(idleLeg{}, Setup{Speak: speak, Think: model, Callee: &Callee{}})
			costs := func(r *reply) int {
				c.History.Usage.TTSCharacters = 0
				c.begin(t.Context(), r)
				synctest.Wait()
				r.cancel(nil)
				<-r.over
				c.count(r)
				return c.History.Usage.TTSCharacters
			}
			want := map[bool]int{false: 6, true: 0}[kept]
			if n := costs(&reply{text: "Hello."}); n != want {
				t.Errorf("kept %v: a greeting cost %d characters", kept, n)
			}
			if n := costs(&reply{text: "Hello.", ready: c.prepare(t.Context(), "Hello.")}); n != want {
				t.Errorf("kept %v: one spoken ahead of time cost %d characters", kept, n)
			}
			if n := costs(&reply{}); n != len("Certainly.") {
				t.Errorf("kept %v: the model's words cost %d characters", kept, n)
			}
			if len(fixed) != 3 || !fixed[0] || !fixed[1] || fixed[2] {
				t.Errorf("asked for as %v", fixed)
			}
			c.state.who.ready = c.prepare(t.Context(), "Hello.")
			synctest.Wait()
			c.History.Usage.TTSCharacters = 0
			c.drop(c.take())
			if n := c.History.Usage.TTSCharacters; n != want {
				t.Errorf("kept %v: one that nobody heard cost %d characters", kept, n)
			}
			c.wg.Wait()
		})
	}
}
