package secret

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func key(t testing.TB, text string) *Key {
	t.Helper()
	k, err := NewKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const one, two = "the first master key", "the second master key"

func TestSealOpensInItsPlaceAlone(t *testing.T) {
	k := key(t, one)
	for _, plain := range []string{"", "x", "a secret", strings.Repeat("long ", 10_000), "\x00\xff"} {
		s := k.Seal([]byte(plain), "env", "row", "column")
		if !Sealed(s) || len(plain) > 2 && strings.Contains(s, plain) {
			t.Errorf("%q", s)
		}
		if got, err := k.Open(s, "env", "row", "column"); err != nil || string(got) != plain {
			t.Errorf("%q %v", got, err)
		}
		if again := k.Seal([]byte(plain), "env", "row", "column"); again == s {
			t.Error("the same text twice: the nonce is not random")
		}
		for _, place := range [][]string{{"env", "row"}, {"env", "row", "other"}, {"other", "row", "column"}, {"env", "rowcolumn"}, {"envrow", "column"}, {"env", "row", "column", ""}, nil} {
			if got, err := k.Open(s, place...); !errors.Is(err, ErrSealed) {
				t.Errorf("it opened in %v: %q %v", place, got, err)
			}
		}
		if _, err := key(t, two).Open(s, "env", "row", "column"); !errors.Is(err, ErrSealed) {
			t.Error("another key opened it")
		}
		if got, err := key(t, " "+one+"\n").Open(s, "env", "row", "column"); err != nil || string(got) != plain {
			t.Error("space around a key changed it")
		}
	}
}

func TestOpenRefusesWhatWasTouched(t *testing.T) {
	k := key(t, one)
	s := k.Seal([]byte("secret"), "p")
	for i := len(sealedPrefix); i < len(s); i++ {
		b := []byte(s)
		if b[i]++; b[i] == '0' || b[i] > 'z' {
			b[i] = 'A'
		}
		if string(b) == s {
			continue
		}
		if got, err := k.Open(string(b), "p"); err == nil && string(got) != "secret" {
			t.Fatalf("byte %d changed: %q", i, got)
		}
	}
	for _, bad := range []string{"", "secret", sealedPrefix, sealedPrefix + "!", sealedPrefix + "AAAA", s[:len(s)-4], s + "AAAA", strings.Replace(s, "v1", "v2", 1)} {
		if got, err := k.Open(bad, "p"); !errors.Is(err, ErrSealed) {
			t.Errorf("%q: %q %v", bad, got, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k, _ := NewKey(one)
	f.Add(k.Seal([]byte("x"), "p"))
	f.Add(sealedPrefix + "AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := k.Open(s, "q"); err == nil {
			t.Fatalf("%q opened: %q", s, got)
		}
	})
}

func TestSign(t *testing.T) {
	k := key(t, one)
	sig := k.Sign("recording|call|1700000000")
	if !k.Verify("recording|call|1700000000", sig) {
		t.Error("its own signature is refused")
	}
	for _, c := range [][2]string{{"recording|call|1700000001", sig}, {"recording|call|1700000000", sig + "A"}, {"recording|call|1700000000", ""}, {"", sig}} {
		if k.Verify(c[0], c[1]) {
			t.Errorf("%q passed", c)
		}
	}
	if key(t, two).Verify("recording|call|1700000000", sig) {
		t.Error("another key's signature passed")
	}
	if strings.ContainsAny(sig, "+/= ") || len(sig) != 43 {
		t.Errorf("%q has to be escaped in a URL", sig)
	}
}

func TestLoadKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	a, err := LoadKey(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, KeyFile)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	first, _ := os.ReadFile(path)
	b, err := LoadKey(dir, " \n")
	if err != nil || !b.Verify("m", a.Sign("m")) {
		t.Fatal("the second start has another key", err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, first) || len(bytes.TrimSpace(now)) != 64 {
		t.Errorf("%q", now)
	}
	c, err := LoadKey(dir, one)
	if err != nil || c.Verify("m", a.Sign("m")) || !c.Verify("m", key(t, one).Sign("m")) {
		t.Error("the environment does not win", err)
	}
	if _, err := LoadKey(dir, "short"); err == nil || !strings.Contains(err.Error(), "PARLEY_MASTER_KEY") {
		t.Error(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	os.Chmod(path, 0o644)
	if _, err := LoadKey(dir, ""); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a key for everybody to read was taken: %v", err)
	}
	os.Chmod(path, 0o600)
	os.WriteFile(path, nil, 0o600)
	if _, err := LoadKey(dir, ""); err == nil {
		t.Error("an empty file was taken for a key")
	}
	if _, err := LoadKey("/dev/null/x", ""); err == nil {
		t.Error("no folder, and yet a key")
	}
}

func TestProcessesThatStartAtOnceAgree(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	keys := make([]*Key, 8)
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = LoadKey(dir, ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k == nil || !k.Verify("m", keys[0].Sign("m")) {
			t.Fatal("they have different keys")
		}
	}
}

func TestMask(t *testing.T) {
	given := map[string]any{"sid": "AC12345678901234", "short": "secret", "eleven": "12345678901", "twelve": "123456789012", "port": 5060.0, "on": true, "none": nil, "empty": "",
		"list": []any{"abcdefghijkl", 1.0}, "deep": map[string]any{"k": "ünïcödé-ßecret"}, "texts": map[string]string{"a": "abcdefghijkl"}, "bad": "abcdefghijkl\xff"}
	want := map[string]any{"sid": "…1234", "short": "…", "eleven": "…", "twelve": "…9012", "port": "…", "on": "…", "none": nil, "empty": "",
		"list": []any{"…ijkl", "…"}, "deep": map[string]any{"k": "…cret"}, "texts": map[string]any{"a": "…ijkl"}, "bad": "…"}
	got := Mask(given)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	if !reflect.DeepEqual(Mask(got), got) {
		t.Errorf("masked twice: %v", Mask(got))
	}
	if given["short"] != "secret" {
		t.Error("the original was changed")
	}
	for _, s := range []string{"…", "…1234", "…öäüß"} {
		if !IsMasked(s) {
			t.Errorf("%q", s)
		}
	}
	for _, s := range []string{"", "1234", "…123", "…12345", "a…1234", "...1234"} {
		if IsMasked(s) {
			t.Errorf("%q", s)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("AC12345678901234")
	f.Add("…1234")
	f.Add("\xff\xfe0123456789")
	f.Fuzz(func(t *testing.T, s string) {
		m := Mask(s).(string)
		if s != "" && !IsMasked(m) {
			t.Fatalf("%q became %q", s, m)
		}
		if !IsMasked(s) && len(s) > 0 && len(strings.TrimPrefix(m, maskSign))*2 > len(s) {
			t.Fatalf("%q shows too much: %q", s, m)
		}
	})
}

func TestAPIKeys(t *testing.T) {
	seen := map[string]bool{}
	for i := range 100 {
		k, prefix, hash := NewAPIKey(i%2 == 0)
		want := map[bool]string{true: "sk_live_", false: "sk_test_"}[i%2 == 0]
		if !strings.HasPrefix(k, want) || len(k) != len(want)+43 || seen[k] || !strings.HasPrefix(k, prefix) || len(prefix) != 16 || hash != HashAPIKey(k) || KeyPrefix(k) != prefix {
			t.Fatal(k, prefix)
		}
		seen[k] = true
	}
	for k, want := range map[string]string{"": "", "abc": "", "mine": "m", "an operator's own key, long": "an ope", "sk_live_short": "sk_", strings.Repeat("x", 200): strings.Repeat("x", 16)} {
		if got := KeyPrefix(k); got != want {
			t.Errorf("%q shows %q, want %q", k, got, want)
		}
	}
}

// TestSignWebhook: the specification's own library accepts what we sign, and nothing else.
func TestSignWebhook(t *testing.T) {
	for _, s := range []string{NewWebhookSecret(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		at, body := time.Now(), []byte(`{"type":"event_message"}`)
		h := http.Header{}
		h.Set("webhook-id", "msg_1")
		h.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
		h.Set("webhook-signature", SignWebhook(NewWebhookSecret(), "msg_1", at, body)+" "+SignWebhook(s, "msg_1", at, body))
		w, err := standardwebhooks.NewWebhook(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Verify(body, h); err != nil {
			t.Errorf("%s: %v", s, err)
		}
		if err := w.Verify([]byte(`{"type":"event_other"}`), h); err == nil {
			t.Error("another body passed")
		}
		h.Set("webhook-id", "msg_2")
		if err := w.Verify(body, h); err == nil {
			t.Error("another id passed")
		}
	}
	// Known answer of the specification's example.
	if got := SignWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
	if SignWebhook("not base64!", "a", time.Now(), nil) == "" {
		t.Error("a secret of another form signs nothing")
	}
}

// TestFaultsOfTheKeyFileNameIt: whoever starts the server reads which file is wrong, and what would be right.
func TestFaultsOfTheKeyFileNameIt(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"short":    {"abc\n", 0o600, "shorter than 16"},
		"empty":    {"", 0o600, "shorter than 16"},
		"readable": {strings.Repeat("k", 64), 0o604, "set its mode to 0600"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, KeyFile)
		if err := os.WriteFile(path, []byte(row.text), row.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, row.mode); err != nil {
			t.Fatal(err)
		}
		_, err := LoadKey(dir, "")
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), row.want) || row.text != "" && strings.Contains(err.Error(), strings.TrimSpace(row.text)) {
			t.Errorf("%s: %v", name, err)
		}
		if b, _ := os.ReadFile(path); string(b) != row.text {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, err := LoadKey(t.TempDir(), "short"); err == nil || strings.Count(err.Error(), "PARLEY_MASTER_KEY") != 1 {
		t.Errorf("a short key in the environment: %v", err)
	}
}
