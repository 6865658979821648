//go:build e2e

package e2e

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley/provider/providertest"
)

// TestVendorSDKs points vendors' own SDKs at our stand-ins for them: what they take for the real thing, our code may be tried against.
func TestVendorSDKs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		script string
		sdks   []string
		serve  func(t *testing.T) string
	}{
		{"elevenlabs_sdk.cjs", []string{"npm", "@elevenlabs/elevenlabs-js@2.73.0"}, func(t *testing.T) string { return providertest.NewElevenLabs(t).URL }},
		{"elevenlabs_sdk.py", []string{"pip", "elevenlabs==2.78.0"}, func(t *testing.T) string { return providertest.NewElevenLabs(t).URL }},
		{"cartesia_sdk.cjs", []string{"npm", "@cartesia/cartesia-js@4.2.0", "ws@8.18.3"}, func(t *testing.T) string { return providertest.NewCartesia(t).URL }},
		{"assemblyai_sdk.cjs", []string{"npm", "assemblyai@4.41.5"}, func(t *testing.T) string { return providertest.NewAssemblyAI(t).URL }},
		{"gladia_sdk.cjs", []string{"npm", "@gladiaio/sdk@2.1.0", "ws@8.18.3"}, func(t *testing.T) string { return providertest.NewGladia(t).URL }},
		{"deepgram_sdk.cjs", []string{"npm", "@deepgram/sdk@5.13.0"}, func(t *testing.T) string { return providertest.NewDeepgram(t).URL }},
		{"azure_speech_sdk.cjs", []string{"npm", "microsoft-cognitiveservices-speech-sdk@1.52.0"}, func(t *testing.T) string { return providertest.NewAzureSpeech(t).URL }},
		{"azure_sdk.cjs", []string{"npm", "openai@6.49.0"}, func(t *testing.T) string { return providertest.NewAzureOpenAI(t).URL }},
		{"anthropic_sdk.cjs", []string{"npm", "@anthropic-ai/sdk@1.14.0"}, func(t *testing.T) string { return providertest.NewAnthropic(t).URL }},
		{"openai_sdk.cjs", []string{"npm", "openai@6.49.0"}, func(t *testing.T) string { return providertest.NewOpenAI(t).URL }},
		{"google_speech_sdk.cjs", []string{"npm", "@google-cloud/speech@8.1.0"}, func(t *testing.T) string { return providertest.NewGoogle(t).URL }},
		{"google_sdk.cjs", []string{"npm", "@google/genai@2.32.0", "@google-cloud/text-to-speech@7.1.0"}, func(t *testing.T) string { return providertest.NewGoogle(t).URL }},
	} {
		t.Run(tc.script, func(t *testing.T) {
			install := exec.Command("../scripts/vendor_sdk.sh", tc.sdks...)
			install.Stderr = os.Stderr
			where, err := install.Output()
			if err != nil {
				t.Fatalf("installing %v: %v", tc.sdks, err)
			}
			address, ca := overTLS(t, tc.serve(t))
			program := "node"
			if tc.sdks[0] == "pip" {
				program = strings.TrimSpace(string(where))
			}
			cmd := exec.CommandContext(t.Context(), program, "testdata/"+tc.script, address)
			cmd.Env = append(os.Environ(), "NODE_PATH="+strings.TrimSpace(string(where)), "NODE_EXTRA_CA_CERTS="+ca, "SSL_CERT_FILE="+ca, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH="+ca)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// overTLS is the way to a server by https and wss, which is all that some SDKs take, and the file of the certificate to trust.
func overTLS(t *testing.T, to string) (address, ca string) {
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	plain, calls := providertest.Through(t, to), httputil.NewSingleHostReverseProxy(u)
	calls.Transport = &http.Transport{Protocols: new(http.Protocols)}
	calls.Transport.(*http.Transport).Protocols.SetUnencryptedHTTP2(true)
	calls.FlushInterval = -1
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 { // gRPC
			calls.ServeHTTP(w, r)
			return
		}
		plain.ServeHTTP(w, r)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return srv.URL, ca
}

// TestSDKInstalledOnce: of several that want a vendor's SDK at once, one installs it and the others wait until it is whole.
func TestSDKInstalledOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script, err := os.ReadFile("../scripts/vendor_sdk.sh")
	if err != nil {
		t.Fatal(err)
	}
	write("scripts/vendor_sdk.sh", string(script))
	write("bin/node", "#!/bin/sh\n")
	write("bin/npm", "#!/bin/sh\necho began >>"+dir+"/installs\nsleep 0.5\nmkdir -p \"$3/node_modules/sdk\"\ntouch \"$3/node_modules/sdk/whole\"\n")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			cmd := exec.Command(filepath.Join(dir, "scripts/vendor_sdk.sh"), "npm", "sdk@1.0.0")
			cmd.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
			out, err := cmd.Output()
			if err != nil {
				t.Error(err)
			} else if _, err := os.Stat(filepath.Join(strings.TrimSpace(string(out)), "sdk/whole")); err != nil {
				t.Errorf("told of before it was whole: %v", err)
			}
		})
	}
	all.Wait()
	if installs, _ := os.ReadFile(filepath.Join(dir, "installs")); string(installs) != "began\n" {
		t.Errorf("installed %d times", strings.Count(string(installs), "began"))
	}
}
