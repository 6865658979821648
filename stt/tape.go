package stt

import (
	"context"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	tapeFrames  = 30 * 50 // kept at most: 30 s
	tapeLead    = 50      // kept of mere silence: 1 s
	reelFrames  = 25      // frames a reel holds
	quietFrames = 10      // silence of so many frames parts two utterances
	loudPeak    = 256     // a frame whose peak is below (−42 dBFS) is silence: nobody recognises words in it
)

// A reel is half a second of sound, kept as G.711 at 16 kHz: half the memory, and the telephone heard no better.
type reel struct {
	pcm  [reelFrames * audio.Samples]byte
	loud [reelFrames]bool
}

var reels = sync.Pool{New: func() any { return new(reel) }}

// A tape is the sound since the last final, from which a vendor that takes over hears what the one before did not tell.
// Frames are numbered from the first of the stream. Past 30 s the oldest are forgotten. It grows and shrinks by reels,
// which all calls share.
type tape struct {
	swap chan struct{} // wakes run after a change of out

	mu     sync.Mutex // guards all below
	reels  []*reel    // reels[0] holds frame first
	start  int        // number of the first frame in reels[0], a multiple of reelFrames
	first  int        // frames kept: first ≤ n < next
	next   int
	loud   int // of the frames kept, those that are not silence
	sent   int // frames below were given to out, since it was attached
	lost   int // frames that out never got because the tape was full
	out    chan audio.Frame
	ended  bool  // in is closed
	gave   bool  // and all of it was given to out
	origin int64 // number of the first frame given

	spoken int           // frames that are not silence since words were last told of any
	quiet  int           // silence since the last of them
	unsaid func()        // called when words are due and none were told; nil: nobody waits
	wait   time.Duration // from the end of what was spoken
	timer  *time.Timer
}

func newTape() *tape { return &tape{swap: make(chan struct{}, 1)} }

// run takes the frames from in and gives them to whoever is attached, until ctx is done. It never makes in wait.
func (t *tape) run(ctx context.Context, in <-chan audio.Frame) {
	defer t.clear()
	for {
		f, out := t.head()
		select {
		case x, ok := <-in:
			if !ok {
				in = nil
				t.end()
				continue
			}
			t.push(&x)
		case out <- f:
			t.given(out)
		case <-t.swap:
		case <-ctx.Done():
			return
		}
	}
}

// head is the next frame to give, and to whom; nil when there is none.
func (t *tape) head() (f audio.Frame, out chan audio.Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out == nil {
		return f, nil
	}
	if t.sent == t.next {
		if t.ended && !t.gave {
			t.gave = true
			close(t.out)
			t.out = nil
		}
		return f, nil
	}
	i := t.sent - t.start
	r := t.reels[i/reelFrames]
	i = i % reelFrames * audio.Samples
	audio.DecodeUlaw(f[:0], r.pcm[i:i+audio.Samples])
	return f, t.out
}

func (t *tape) given(out chan audio.Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if out == t.out {
		t.sent++
	}
}

func (t *tape) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}

func (t *tape) push(f *audio.Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.next - t.start
	if i/reelFrames == len(t.reels) {
		t.reels = append(t.reels, reels.Get().(*reel))
	}
	r := t.reels[i/reelFrames]
	i %= reelFrames
	audio.EncodeUlaw(r.pcm[i*audio.Samples:i*audio.Samples:(i+1)*audio.Samples], f[:])
	if r.loud[i] = peaks(f); r.loud[i] {
		t.loud++
	}
	t.hush(r.loud[i])
	t.next++
	keep := t.first
	if t.loud == 0 {
		keep = t.next - tapeLead
		if t.out != nil {
			keep = min(keep, t.sent)
		}
	}
	t.trim(max(keep, t.next-tapeFrames))
}

// When words are due: after so much sound, and then so much silence.
const (
	dueSpoken = 30 // frames
	dueQuiet  = 15
)

// hush counts a frame that came, and begins to wait for words at the end of what was spoken.
func (t *tape) hush(loud bool) {
	if loud {
		t.spoken++
		t.quiet = 0
		return
	}
	if t.quiet++; t.quiet == dueQuiet && t.spoken >= dueSpoken && t.unsaid != nil && t.timer == nil {
		t.timer = time.AfterFunc(t.wait, t.unsaid)
	}
}

// expect has f called when no words come for so long after something was spoken; what was spoken before counts, too, and may
// take its own time to be heard again.
func (t *tape) expect(wait time.Duration, f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wait, t.unsaid = wait, f
	if t.spoken >= dueSpoken && t.quiet >= dueQuiet {
		t.timer = time.AfterFunc(wait+time.Duration(t.next-t.first)*audio.FrameDur/2, f)
	}
}

// answered tells that the vendor lives: nothing is due.
func (t *tape) answered() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spoken = 0
	t.still()
}

// still stops the wait, with mu held.
func (t *tape) still() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}

func peaks(f *audio.Frame) bool {
	for _, s := range f {
		if s > loudPeak || s < -loudPeak {
			return true
		}
	}
	return false
}

// trim forgets the frames before n.
func (t *tape) trim(n int) {
	for ; t.first < n && t.first < t.next; t.first++ {
		i := t.first - t.start
		if t.reels[i/reelFrames].loud[i%reelFrames] {
			t.loud--
		}
	}
	if t.sent < t.first {
		if t.out != nil {
			t.lost += t.first - t.sent
		}
		t.sent = t.first
	}
	for len(t.reels) > 0 && t.first-t.start >= reelFrames {
		reels.Put(t.reels[0])
		t.reels = append(t.reels[:0], t.reels[1:]...)
		t.start += reelFrames
	}
}

func (t *tape) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.reels {
		reels.Put(r)
	}
	t.reels, t.start, t.first, t.sent = nil, t.next, t.next, t.next
	t.out, t.unsaid = nil, nil
	t.still()
}

// attach gives the sound kept, and all that comes, to the channel it returns. The channel is closed after the last frame.
func (t *tape) attach() <-chan audio.Frame {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.out = make(chan audio.Frame, 2)
	t.sent, t.lost, t.gave = t.first, 0, false
	t.origin = int64(t.first)
	t.wake()
	return t.out
}

func (t *tape) wake() {
	select {
	case t.swap <- struct{}{}:
	default:
	}
}

// detach stops giving, and reports whether everything had been given.
func (t *tape) detach() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.out, t.unsaid = nil, nil
	t.still()
	t.wake()
	return t.gave
}

// base is where the vendor attached counts from, on the time line of the stream.
func (t *tape) base() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Duration(t.origin+int64(t.lost)) * audio.FrameDur
}

// told forgets the sound of a final: up to end where the vendor timed its words (0: it did not), else up to the last
// pause in what it was given.
func (t *tape) told(end time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if end > 0 {
		t.trim(min(int(end/audio.FrameDur), t.sent))
		return
	}
	quiet, cut := 0, t.sent
	for n := t.sent - 1; n >= t.first; n-- {
		i := n - t.start
		if t.reels[i/reelFrames].loud[i%reelFrames] {
			quiet = 0
			continue
		}
		if quiet++; quiet == quietFrames {
			cut = n + quietFrames
			break
		}
	}
	t.trim(cut)
}

// forget lets go of what nobody made words of.
func (t *tape) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spoken = 0
	t.trim(t.next)
}
