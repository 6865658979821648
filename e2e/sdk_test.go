//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// TestHostedSDK runs the published Python SDK of the hosted API, unchanged, through all of its calls: what it sends is taken, and
// what is answered its own models parse.
func TestHostedSDK(t *testing.T) {
	python, err := exec.Command("../scripts/sdk.sh").Output()
	if err != nil {
		t.Fatalf("installing the SDK: %v", err)
	}
	s := serve(t)
	out, err := exec.CommandContext(t.Context(), strings.TrimSpace(string(python)), "testdata/vocode_sdk.py", s.http, key, "sip:demo@"+s.sip).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
