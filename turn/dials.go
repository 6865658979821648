package turn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Defaults of enable_dynamic_turns, in seconds.
const (
	dynamicMinWait    = 0.2
	dynamicMaxSilence = 3
)

// Set sets dials by the names of the contract, each as dial=value. After an error some are set.
func (o *Options) Set(dials ...string) error {
	for _, s := range dials {
		k, v, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("%s: it is not dial=value", s)
		}
		if err := o.set(k, v); err != nil {
			return err
		}
	}
	if o.Dynamic {
		if o.DynamicMinWait == 0 {
			o.DynamicMinWait = dynamicMinWait
		}
		if o.DynamicMaxSilence == 0 {
			o.DynamicMaxSilence = dynamicMaxSilence
		}
	}
	return nil
}

func (o *Options) set(k, v string) error {
	oneOf := func(at *string, values ...string) error {
		if !slices.Contains(values, v) {
			return fmt.Errorf("%s=%s: it is one of %s", k, v, strings.Join(values, ", "))
		}
		*at = v
		return nil
	}
	number := func(at *float64, least, most float64) error {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || !(n >= least && n <= most) {
			return fmt.Errorf("%s=%s: it goes from %g to %g", k, v, least, most)
		}
		*at = n
		return nil
	}
	switch k {
	case "endpointing_sensitivity":
		return oneOf(&o.EndpointingSensitivity, "auto", "relaxed", "sensitive")
	case "interrupt_sensitivity":
		return oneOf(&o.InterruptSensitivity, "low", "high")
	case "conversation_speed":
		return number(&o.Speed, 0.5, 2)
	case "min_volume":
		return number(&o.MinVolume, 0, 100)
	case "dynamic_min_wait_secs":
		return number(&o.DynamicMinWait, 0, 10)
	case "dynamic_max_silence_secs":
		return number(&o.DynamicMaxSilence, 0, 30)
	case "enable_dynamic_turns":
		b, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("%s=%s: it is true or false", k, v)
		}
		o.Dynamic = b
		return nil
	}
	return fmt.Errorf("%s: there is no such dial; there are endpointing_sensitivity, interrupt_sensitivity, conversation_speed, min_volume, enable_dynamic_turns, dynamic_min_wait_secs, dynamic_max_silence_secs", k)
}
