package providertest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/stt"
)

// HeardDelays measures, against a fake, from a vendor's first words to the event of them: what our own plumbing adds. The kernel's part
// and the fake's own are in it.
func HeardDelays(b *testing.B, tr stt.Transcriber, fake interface{ Sounded() time.Time }) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background())
		in := make(chan audio.Frame, 5)
		for _, f := range Spoken("one")[:cap(in)] { // no more: the first words would not be the last
			in <- f
		}
		for e, err := range tr.Transcribe(ctx, in, stt.Options{Language: "en"}) {
			if err != nil {
				b.Fatal(err)
			}
			if e.Text != "" {
				took = append(took, time.Since(fake.Sounded()))
				break
			}
		}
		cancel()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}
