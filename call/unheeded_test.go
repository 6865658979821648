package call

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func TestWhatIsNotActedOnIsAWarning(t *testing.T) {
	quiet := `{"prompt":{},"actions":[],"noise_suppression":true,"background_sound":"office","ivr_navigation_mode":"default","voicemail_message":"Call me back",
	 "enable_dynamic_vm_detection":true,"llm_vm_detection_only":true,"run_do_not_call_detection":true,
	 "memory_scope":"none","skills":[],"activity_actions":[],"post_call_prompt":"Sum up","post_call_insights":[{"name":"mood"}],
	 "post_call_actions":[{"type":"email"},{"type":"trigger_custom_api"}],"post_call_email":{"to_email":"a@b.c"},"post_call_sms":null,"transfer_on_end":false,"noise_suppression_level":50}`
	if s := write(&parley.Call{}, fromJSON(t, quiet), nil, time.Now()); len(s.warnings) != 0 {
		t.Errorf("an agent that asks for nothing special: %q", s.warnings)
	}
	for field, value := range map[string]string{
		"post_call_actions": `[{"type":"email"},{"type":"sms"}]`, "post_call_sms": `{}`,
	} {
		doc := `{"prompt":{},"` + field + `":` + value + `}`
		s := write(&parley.Call{}, fromJSON(t, doc), nil, time.Now())
		if len(s.warnings) != 1 || !strings.HasSuffix(strings.TrimSuffix(s.warnings[0], " (sms)"), " "+field) {
			t.Errorf("%s: %q", doc, s.warnings)
		}
	}
}
