package turn

import (
	"strings"
	"testing"
)

func TestDials(t *testing.T) {
	var o Options
	if err := o.Set("endpointing_sensitivity=relaxed", "conversation_speed=1.5", "enable_dynamic_turns=true", "interrupt_sensitivity=high", "min_volume=3"); err != nil {
		t.Fatal(err)
	}
	want := Options{EndpointingSensitivity: "relaxed", Speed: 1.5, Dynamic: true, DynamicMinWait: 0.2, DynamicMaxSilence: 3, InterruptSensitivity: "high", MinVolume: 3}
	if o != want {
		t.Errorf("%+v", o)
	}
	if err := o.Set("enable_dynamic_turns=false", "dynamic_min_wait_secs=1", "dynamic_max_silence_secs=2"); err != nil || o.Dynamic || o.DynamicMinWait != 1 || o.DynamicMaxSilence != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []string{"endpointing_sensitivity", "endpointing_sensitivity=fast", "conversation_speed=9", "conversation_speed=NaN", "min_volume=x", "enable_dynamic_turns=maybe", "volume=3", "="} {
		if err := o.Set(bad); err == nil || !strings.Contains(err.Error(), strings.SplitN(bad, "=", 2)[0]) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
