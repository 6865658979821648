//go:build e2e

package e2e

import (
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/parley-voice/parley/carrier/carriertest"
)

// TestHostedSDK runs the published Python SDK of the hosted API, unchanged, through all of its calls: what it sends is taken, and
// what is answered its own models parse. The Twilio that numbers are linked with and bought of is carriertest's.
func TestHostedSDK(t *testing.T) {
	t.Parallel()
	python, err := exec.Command("../scripts/sdk.sh").Output()
	if err != nil {
		t.Fatalf("installing the SDK: %v", err)
	}
	twilio := httptest.NewServer(&carriertest.Carrier{})
	t.Cleanup(twilio.Close)
	s := prepare(t, "TWILIO_BASE_URL="+twilio.URL)
	s.env = append(s.env, "PARLEY_PUBLIC_URL="+s.http)
	s.start()
	out, err := exec.CommandContext(t.Context(), strings.TrimSpace(string(python)), "testdata/vocode_sdk.py", s.http, key, "sip:demo@"+s.sip).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
