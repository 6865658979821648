package denoise

import "math"

// Functions of positive numbers from tables: an index is the number's exponent and the first bits of its fraction.
const (
	fraction  = 5 // bits: steps of 3 %
	shift     = 23 - fraction
	tableFrom = (127 - 20) << fraction // 2^−20
	tableTo   = (127 + 12) << fraction // 2^12
)

func index(x float32) int {
	return min(max(int(math.Float32bits(x)>>shift), tableFrom), tableTo-1) - tableFrom
}

// middle is the number that stands for those of an index.
func middle(i int) float64 {
	return float64(math.Float32frombits(uint32(i+tableFrom)<<shift | 1<<(shift-1)))
}

var lifts, logs = func() (l, g [tableTo - tableFrom]float32) {
	for i := range l {
		x := middle(i)
		l[i] = float32(math.Exp(exponentialIntegral(x) / 2))
		g[i] = float32(math.Log2(x))
	}
	return l, g
}()

// lift is exp(E₁(v)/2), by which the log-spectral estimator is over Wiener's.
func lift(v float32) float32 { return lifts[index(v)] }

// exponentialIntegral is E₁(x), to 1e-7 (Abramowitz and Stegun, 5.1.53 and 5.1.56).
func exponentialIntegral(x float64) float64 {
	if x <= 1 {
		return -math.Log(x) - 0.57721566 + x*(0.99999193+x*(-0.24991055+x*(0.05519968+x*(-0.00976004+x*0.00107857))))
	}
	top := x*(x*(x*(x+8.5733287401)+18.0590169730)+8.6347608925) + 0.2677737343
	below := x*(x*(x*(x+9.5733223454)+25.6329561486)+21.0996530827) + 3.9584969228
	return math.Exp(-x) / x * top / below
}

// root is g to the power of share, for a g from 0 to 1.
func root(g, share float32) float32 {
	return powers[min(int(max(-logs[index(g)]*share, 0)*powerSteps), len(powers)-1)]
}

const powerSteps = 64 // a step is 0.1 dB

var powers = func() (p [8 * powerSteps]float32) {
	for i := range p {
		p[i] = float32(math.Exp2(-float64(i) / powerSteps))
	}
	return p
}()
