// Package read takes apart what a server shows at /metrics: values by name and labels, what was added between two moments, and
// quantiles of histograms. It starts no goroutine.
package read

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Values are all that a server showed at one moment.
type Values map[string]*dto.MetricFamily

// Labels pick values: each name must have the value; what is not named may have any.
type Labels map[string]string

// Text reads Prometheus' text format.
func Text(text []byte) (Values, error) {
	p := expfmt.NewTextParser(model.LegacyValidation)
	v, err := p.TextToMetricFamilies(bytes.NewReader(text))
	return v, err
}

// each calls f with what fits.
func (v Values) each(name string, l Labels, f func(*dto.Metric)) {
	for _, m := range v[name].GetMetric() {
		fits := 0
		for _, x := range m.GetLabel() {
			if want, asked := l[x.GetName()]; asked && want == x.GetValue() {
				fits++
			}
		}
		if fits == len(l) {
			f(m)
		}
	}
}

// Has reports whether a name is shown.
func (v Values) Has(name string) bool { return len(v[name].GetMetric()) > 0 }

// Sum adds up the counters and gauges that fit.
func (v Values) Sum(name string, l Labels) (sum float64) {
	v.each(name, l, func(m *dto.Metric) {
		sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
	})
	return sum
}

// Since is what was added to counters since an earlier moment; with nil, from the start.
func (v Values) Since(old Values, name string, l Labels) float64 {
	return max(0, v.Sum(name, l)-old.Sum(name, l))
}

// Restarted reports whether these are of another process than the earlier ones.
func (v Values) Restarted(old Values) bool {
	const start = "process_start_time_seconds"
	return v.Sum(start, nil) != old.Sum(start, nil)
}

// Rows are the values that labels have together, sorted, of all that is shown by a name.
func (v Values) Rows(name string, labels ...string) [][]string {
	rows := map[string][]string{}
	v.each(name, nil, func(m *dto.Metric) {
		row := make([]string, len(labels))
		for _, x := range m.GetLabel() {
			if i := slices.Index(labels, x.GetName()); i >= 0 {
				row[i] = x.GetValue()
			}
		}
		rows[strings.Join(row, "\x00")] = row
	})
	out := make([][]string, 0, len(rows))
	for _, k := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, rows[k])
	}
	return out
}

// A Histogram is how often values were no greater than bounds.
type Histogram struct {
	Count  float64
	Sum    float64
	Within map[float64]float64 // by bound
}

// Histogram adds up those that fit, less what they were at an earlier moment.
func (v Values) Histogram(old Values, name string, l Labels) Histogram {
	h := Histogram{Within: map[float64]float64{}}
	add := func(from Values, sign float64) {
		from.each(name, l, func(m *dto.Metric) {
			x := m.GetHistogram()
			h.Count += sign * float64(x.GetSampleCount())
			h.Sum += sign * x.GetSampleSum()
			for _, b := range x.GetBucket() {
				h.Within[b.GetUpperBound()] += sign * float64(b.GetCumulativeCount())
			}
		})
	}
	add(v, 1)
	add(old, -1)
	return h
}

// Mean is NaN without values.
func (h Histogram) Mean() float64 { return h.Sum / h.Count }

// Quantile is the value that a share of all are not above, in between bounds by a straight line; beyond the last bound it is that
// bound. NaN: there are none.
func (h Histogram) Quantile(share float64) float64 {
	if h.Count <= 0 {
		return math.NaN()
	}
	rank, low, below := share*h.Count, 0.0, 0.0
	for _, b := range slices.Sorted(maps.Keys(h.Within)) {
		n := h.Within[b]
		if math.IsInf(b, 1) {
			break
		}
		if n >= rank {
			if n == below {
				return b
			}
			return low + (b-low)*(rank-below)/(n-below)
		}
		low, below = b, n
	}
	return low
}

// Above is the share of values that are above a bound; NaN: there are none, or it is no bound.
func (h Histogram) Above(bound float64) float64 {
	n, ok := h.Within[bound]
	if h.Count <= 0 || !ok {
		return math.NaN()
	}
	return max(0, 1-n/h.Count)
}
