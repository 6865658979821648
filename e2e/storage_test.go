//go:build e2e

package e2e

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/spool/spooltest"
)

// TestStorage: a server that is killed while it stores a call's recording stores it in its next life; it is served when nothing of it is on the
// server's disk any more, and goes when the call is erased, though the storage is away just then.
func TestStorage(t *testing.T) {
	st := spooltest.New()
	defer st.Close()
	s := serve(t, "PARLEY_S3_URL="+st.URL+"/e2e", "PARLEY_S3_REGION="+spooltest.Region, "PARLEY_S3_ACCESS_KEY="+spooltest.AccessKey, "PARLEY_S3_SECRET_KEY="+spooltest.SecretKey)
	under, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	st.Set(spooltest.Fault{Before: func(method, _ string) {
		if method == http.MethodPut {
			once.Do(func() { close(under) })
			<-goOn
		}
	}})
	if out, code := s.ring(time.Minute, "sip:demo@"+s.sip, "--deaf", "--limit", "4s"); code != 0 {
		t.Fatalf("%d\n%s", code, out)
	}
	select {
	case <-under:
	case <-time.After(time.Minute):
		t.Fatal("nothing is stored")
	}
	s.cmd.Process.Kill()
	<-s.gone
	st.Set(spooltest.Fault{})
	close(goOn)
	s.start()
	id := s.ended(30 * time.Second).ID
	s.until("all of it is stored", time.Minute, func() bool {
		return st.Object("e2e/"+id+".wav") != nil && st.Object("e2e/"+id+".peaks") != nil && st.Object("e2e/"+id+".journal") != nil
	})
	s.until("nothing waits", time.Minute, func() bool {
		files, err := filepath.Glob(filepath.Join(s.data, "recordings", id+".*"))
		return err == nil && len(files) == 0
	})
	if err := os.RemoveAll(filepath.Join(s.data, "recordings", "kept")); err != nil {
		t.Fatal(err)
	}
	get := func(query, bytes string) (int, []byte) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, s.http+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		if bytes != "" {
			req.Header.Set("Range", "bytes="+bytes)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, b
	}
	sound := st.Object("e2e/" + id + ".wav")
	if code, b := get("/v1/calls/recording?format=wav&id="+id, ""); code != 200 || !bytes.Equal(b, sound) || len(b) < 64_000 {
		t.Errorf("%d, %d bytes of %d", code, len(b), len(sound))
	}
	if code, b := get("/v1/calls/recording?format=wav&id="+id, "1000-1999"); code != 206 || !bytes.Equal(b, sound[1000:2000]) {
		t.Errorf("a range: %d, %d bytes", code, len(b))
	}
	if code, b := get("/v1/calls/waveform?id="+id, ""); code != 200 || !bytes.Contains(b, []byte(`"agent"`)) {
		t.Errorf("its waveform: %d %.200s", code, b)
	}
	st.Set(spooltest.Fault{Away: true})
	s.api("DELETE", "/v1/calls/delete?id="+id, nil, nil)
	st.Set(spooltest.Fault{})
	s.until("it is erased", time.Minute, func() bool { return len(st.Keys()) == 0 })
	log, err := os.ReadFile(s.log.Name())
	if err != nil || strings.Contains(string(log), spooltest.SecretKey) {
		t.Errorf("the log has the key, or cannot be read: %v", err)
	}
}
