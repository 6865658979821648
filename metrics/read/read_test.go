package read

import (
	"math"
	"slices"
	"testing"
)

const page = `# HELP a_total things
# TYPE a_total counter
a_total{kind="x",of="1"} 3
a_total{kind="x",of="2"} 4
a_total{kind="y",of="1"} 5
# TYPE g gauge
g -2
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.7e9
# TYPE h histogram
h_bucket{who="a",le="0.1"} 10
h_bucket{who="a",le="1"} 90
h_bucket{who="a",le="+Inf"} 100
h_sum{who="a"} 50
h_count{who="a"} 100
h_bucket{who="b",le="0.1"} 100
h_bucket{who="b",le="1"} 100
h_bucket{who="b",le="+Inf"} 100
h_sum{who="b"} 1
h_count{who="b"} 100
`

func text(t *testing.T, s string) Values {
	t.Helper()
	v, err := Text([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestValues(t *testing.T) {
	v := text(t, page)
	for _, x := range []struct {
		name string
		l    Labels
		want float64
	}{{"a_total", nil, 12}, {"a_total", Labels{"kind": "x"}, 7}, {"a_total", Labels{"kind": "x", "of": "2"}, 4}, {"a_total", Labels{"kind": "z"}, 0},
		{"a_total", Labels{"nothing": "x"}, 0}, {"g", nil, -2}, {"nothing", nil, 0}} {
		if got := v.Sum(x.name, x.l); got != x.want {
			t.Errorf("%s %v is %v, want %v", x.name, x.l, got, x.want)
		}
	}
	if !v.Has("g") || v.Has("nothing") {
		t.Error("what is shown is not told from what is not")
	}
	if got := v.Rows("a_total", "kind"); len(got) != 2 || got[0][0] != "x" || got[1][0] != "y" {
		t.Errorf("%q", got)
	}
	if got := v.Rows("a_total", "of", "kind", "none"); len(got) != 3 || !slices.Equal(got[0], []string{"1", "x", ""}) || !slices.Equal(got[2], []string{"2", "x", ""}) {
		t.Errorf("%q", got)
	}
	if _, err := Text([]byte("<html>")); err == nil {
		t.Error("a page of another kind is read")
	}
}

func TestSince(t *testing.T) {
	old, v := text(t, "a_total{kind=\"x\"} 3\nprocess_start_time_seconds 5\n"), text(t, "a_total{kind=\"x\"} 10\na_total{kind=\"y\"} 2\nprocess_start_time_seconds 5\n")
	if got := v.Since(old, "a_total", nil); got != 9 {
		t.Errorf("%v were added", got)
	}
	if got := v.Since(nil, "a_total", Labels{"kind": "x"}); got != 10 {
		t.Errorf("%v from the start", got)
	}
	if got := old.Since(v, "a_total", nil); got != 0 {
		t.Errorf("%v were added to a counter that went back", got)
	}
	if v.Restarted(old) || !v.Restarted(text(t, "process_start_time_seconds 6\n")) {
		t.Error("another process is not told from the same")
	}
}

func TestHistogram(t *testing.T) {
	v := text(t, page)
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	a := v.Histogram(nil, "h", Labels{"who": "a"})
	near("mean", a.Mean(), 0.5)
	near("p5", a.Quantile(0.05), 0.05)
	near("p50", a.Quantile(0.5), 0.1+0.9*40/80)
	near("p99", a.Quantile(0.99), 1) // beyond the last bound
	near("above 0.1", a.Above(0.1), 0.9)
	near("above no bound", a.Above(0.2), math.NaN())
	both := v.Histogram(nil, "h", nil)
	near("of both, p50", both.Quantile(0.5), 0.1*100/110)
	none := v.Histogram(v, "h", nil)
	near("of none", none.Quantile(0.5), math.NaN())
	near("mean of none", none.Mean(), math.NaN())
	near("above of none", none.Above(0.1), math.NaN())
	near("of what is not there", v.Histogram(nil, "nothing", nil).Quantile(0.5), math.NaN())
	near("a first bucket that has all", v.Histogram(nil, "h", Labels{"who": "b"}).Quantile(1), 0.1)
}
