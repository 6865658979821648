package relay

import (
	"math"
	"slices"
	"testing"
	"time"
)

const step = 20 * time.Millisecond

// run sends n packets, one every step, and returns when each leaves.
func run(l Link, seed uint64, n int) [][]time.Duration {
	p := l.Path(seed)
	out := make([][]time.Duration, n)
	for i := range out {
		out[i] = p.Next(nil, time.Duration(i)*step)
	}
	return out
}

func TestNothingHappens(t *testing.T) {
	for i, due := range run(Link{}, 1, 100) {
		if len(due) != 1 || due[0] != time.Duration(i)*step {
			t.Fatalf("packet %d leaves at %v", i, due)
		}
	}
}

// TestSchedule: the same seed is the same run, another one is another.
func TestSchedule(t *testing.T) {
	l := Link{Loss: 0.1, Burst: 3, Delay: 50 * time.Millisecond, Jitter: 30 * time.Millisecond, Reorder: 0.05, Duplicate: 0.05}
	same := func(a, b [][]time.Duration) bool {
		return slices.EqualFunc(a, b, func(x, y []time.Duration) bool { return slices.Equal(x, y) })
	}
	if !same(run(l, 7, 1000), run(l, 7, 1000)) {
		t.Error("the same seed makes two runs")
	}
	if same(run(l, 7, 1000), run(l, 8, 1000)) {
		t.Error("two seeds make one run")
	}
}

// TestFateOfOne: another loss leaves the delays of those that arrive as they were.
func TestFateOfOne(t *testing.T) {
	few := run(Link{Loss: 0.01, Delay: time.Second, Jitter: 15 * time.Millisecond}, 3, 1000)
	many := run(Link{Loss: 0.2, Delay: time.Second, Jitter: 15 * time.Millisecond}, 3, 1000)
	for i := range few {
		if len(few[i]) == 0 && len(many[i]) > 0 {
			t.Fatalf("packet %d is lost at 1 %% and not at 20 %%", i)
		}
		if len(many[i]) > 0 && few[i][0] != many[i][0] {
			t.Fatalf("packet %d leaves at %v and at %v", i, few[i], many[i])
		}
	}
}

func TestShares(t *testing.T) {
	const n = 100_000
	for _, c := range []struct {
		name string
		link Link
		got  func([][]time.Duration) float64
		want float64
	}{
		{"loss", Link{Loss: 0.05}, lostShare, 0.05},
		{"loss in bursts", Link{Loss: 0.05, Burst: 4}, lostShare, 0.05},
		{"all is lost", Link{Loss: 1, Burst: 4}, lostShare, 1},
		{"duplicates", Link{Duplicate: 0.03}, func(out [][]time.Duration) float64 {
			return share(out, func(_ int, due []time.Duration) bool { return len(due) == 2 && due[0] == due[1] })
		}, 0.03},
		{"overtaken", Link{Reorder: 0.02}, func(out [][]time.Duration) float64 {
			return share(out, func(i int, due []time.Duration) bool { return i+1 < len(out) && due[0] > out[i+1][0] })
		}, 0.02},
		{"length of bursts", Link{Loss: 0.05, Burst: 4}, burst, 4},
		{"length of bursts of one", Link{Loss: 0.05, Burst: 1}, burst, 1 / 0.95},
	} {
		if got := c.got(run(c.link, 11, n)); math.Abs(got-c.want) > 0.1*c.want {
			t.Errorf("%s: %.4f, not %.4f", c.name, got, c.want)
		}
	}
}

func share(out [][]time.Duration, is func(int, []time.Duration) bool) float64 {
	n := 0
	for i, due := range out {
		if is(i, due) {
			n++
		}
	}
	return float64(n) / float64(len(out))
}

func lostShare(out [][]time.Duration) float64 {
	return share(out, func(_ int, due []time.Duration) bool { return len(due) == 0 })
}

// burst is the mean number of packets lost in a row.
func burst(out [][]time.Duration) float64 {
	lost, runs := 0, 0
	for i, due := range out {
		if len(due) > 0 {
			continue
		}
		if lost++; i == 0 || len(out[i-1]) > 0 {
			runs++
		}
	}
	return float64(lost) / float64(runs)
}

// TestJitter: within its bounds, and nobody overtakes.
func TestJitter(t *testing.T) {
	var last, least, most time.Duration
	least = time.Hour
	for i, due := range run(Link{Delay: 10 * time.Millisecond, Jitter: 60 * time.Millisecond}, 5, 10_000) {
		late := due[0] - time.Duration(i)*step
		if due[0] < last {
			t.Fatalf("packet %d overtakes the one before it", i)
		}
		last, least, most = due[0], min(least, late), max(most, late)
	}
	if least < 10*time.Millisecond || least > 12*time.Millisecond || most > 70*time.Millisecond || most < 65*time.Millisecond {
		t.Errorf("delays from %v to %v", least, most)
	}
}

// TestDrift: an hour at 200 ppm is 720 ms, either way, and nothing leaves before it came.
func TestDrift(t *testing.T) {
	const hour = int(time.Hour / step)
	for _, c := range []struct {
		link Link
		want time.Duration // the last packet's delay
	}{
		{Link{Drift: 200, Delay: time.Second}, 280 * time.Millisecond},
		{Link{Drift: -200, Delay: time.Second}, 1720 * time.Millisecond},
		{Link{Drift: 200}, 0},
	} {
		out := run(c.link, 1, hour)
		got := out[hour-1][0] - time.Duration(hour-1)*step
		if d := got - c.want; d < -time.Millisecond || d > time.Millisecond {
			t.Errorf("%+v: %v, not %v", c.link, got, c.want)
		}
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	p := Link{Loss: 0.1, Burst: 2, Jitter: step, Duplicate: 0.1}.Path(1)
	dst := make([]time.Duration, 0, 2)
	if n := testing.AllocsPerRun(100, func() { dst = p.Next(dst[:0], step) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
