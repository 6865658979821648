//go:build linux && !static

package sphinx

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// phrasebook is a small language model: any of the words, each as likely as the others.
func phrasebook(t testing.TB, words string) (lm, dict string) {
	t.Helper()
	need(t, debianModel)
	b, err := os.ReadFile(debianModel + "/cmudict-en-us.dict")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	var d, a strings.Builder
	list := strings.Fields(words)
	a.WriteString("\\data\\\nngram 1=" + string(rune('0'+(len(list)+2)/10)) + string(rune('0'+(len(list)+2)%10)) + "\n\n\\1-grams:\n-1.0 </s>\n-99 <s> 0\n")
	for _, w := range list {
		a.WriteString("-1.0 " + w + " 0\n")
		for _, l := range lines {
			if strings.HasPrefix(l, w+" ") {
				d.WriteString(l + "\n")
			}
		}
	}
	a.WriteString("\n\\end\\\n")
	dir := t.TempDir()
	lm, dict = filepath.Join(dir, "lm"), filepath.Join(dir, "dict")
	for name, text := range map[string]string{lm: a.String(), dict: d.String()} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return lm, dict
}

func text(words []Word) string {
	var out []string
	for _, w := range words {
		out = append(out, w.Text)
	}
	return strings.Join(out, " ")
}

func hearAll(t testing.TB, d *Decoder, pcm []int16) []Word {
	t.Helper()
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	for len(pcm) > 0 {
		n := min(160, len(pcm))
		if err := d.Feed(pcm[:n]); err != nil {
			t.Fatal(err)
		}
		pcm = pcm[n:]
	}
	if err := d.Finish(); err != nil {
		t.Fatal(err)
	}
	return d.Words()
}

func TestHearsTheTelephone(t *testing.T) {
	lm, dict := phrasebook(t, "what are your opening hours where can i park")
	model := filepath.Join(t.TempDir(), "acoustic")
	if err := WriteNarrowband(debianModel+"/en-us", model); err != nil {
		t.Fatal(err)
	}
	bin := lm + ".bin"
	if err := Compile(lm, bin); err != nil {
		t.Fatal(err)
	}
	d, err := Open(Config{Acoustic: model, Dictionary: dict, Rate: NarrowRate})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if !d.AddWord("khoury", "K AO R IY") || d.AddWord("strange", "Q Q") {
		t.Error("words are taken without regard to their phones")
	}
	if err := d.Expect(bin, lm); err != nil {
		t.Fatal(err)
	}
	var before time.Duration
	for _, s := range []string{"what are your opening hours", "where can i park"} {
		words := hearAll(t, d, telephone(say(t, "rms", s), true))
		if got := text(words); got != s {
			t.Errorf("%q was heard as %q", s, got)
			continue
		}
		for _, w := range words {
			if w.Start < before || w.End <= w.Start {
				t.Errorf("%s from %s to %s, after %s", w.Text, w.Start, w.End, before)
			}
			before = w.End
		}
	}
	if words := hearAll(t, d, make([]int16, 8000)); len(words) > 0 {
		t.Errorf("silence was heard as %q", text(words))
	}
	if err := d.Feed(nil); err != nil {
		t.Error(err)
	}
	d.Close()
	d.Close()
}

func TestWrongFiles(t *testing.T) {
	lm, dict := phrasebook(t, "what are")
	if _, err := Open(Config{Acoustic: t.TempDir(), Dictionary: dict, Rate: 8000}); err == nil {
		t.Error("an empty directory is an acoustic model")
	}
	if _, err := Open(Config{Acoustic: debianModel + "/en-us", Dictionary: dict, Rate: 16000, Options: []string{"-nonsense", "1"}}); err == nil {
		t.Error("an option that is none was taken")
	}
	d, err := Open(Config{Acoustic: debianModel + "/en-us", Dictionary: dict, Rate: 16000})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Expect(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no file is a language model")
	}
	if err := Compile(dict, lm+".bin"); err == nil {
		t.Error("a dictionary was compiled as a language model")
	}
	if err := WriteNarrowband(t.TempDir(), t.TempDir()); err == nil {
		t.Error("an empty directory was transformed")
	}
}

func TestSpoken(t *testing.T) {
	for in, want := range map[string]string{"hello": "hello", "read(2)": "read", "<s>": "", "</s>": "", "<sil>": "", "[NOISE]": "", "++UM++": "", "": "", "'em": "'em"} {
		if got, ok := spoken(in); got != want && ok || ok != (want != "") {
			t.Errorf("%q is spoken as %q, %v", in, got, ok)
		}
	}
}

// gaussianFile is a small file of the acoustic model: 2 codebooks of 3 streams of 2 densities.
func gaussianFile() []byte {
	b := []byte("s3\nversion 1.0\nchksum0 yes\nendhdr\n")
	for _, n := range []uint32{gaussianMagic, 2, 3, 2, 13, 13, 13, 2 * 3 * 2 * 13} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	for i := range 2 * 3 * 2 * 13 {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(i)))
	}
	return binary.LittleEndian.AppendUint32(b, 0xdeadbeef)
}

func TestGaussians(t *testing.T) {
	g, err := parseGaussians(gaussianFile())
	if err != nil {
		t.Fatal(err)
	}
	var streams []int
	g.each(func(s int, v []float32) {
		streams = append(streams, s)
		if v[1] != v[0]+1 {
			t.Errorf("vector %v", v)
		}
	})
	want := []int{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2}
	for i := range want {
		if streams[i] != want[i] {
			t.Fatalf("streams %v", streams)
		}
	}
	var tr Transform
	for s := range tr.V {
		for i := range cepstra {
			tr.V[s][i][i], tr.Residual[s][i] = 2, 5
		}
	}
	v := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
	tr.mean(0, v)
	if v[0] != 2 || v[12] != 26 {
		t.Errorf("means %v", v)
	}
	tr.variance(1, v)
	if v[0] != 4*2+5 || v[12] != 4*26+5 {
		t.Errorf("variances %v", v)
	}
}

func FuzzParseGaussians(f *testing.F) {
	f.Add(gaussianFile())
	f.Add([]byte("s3\nendhdr\n"))
	f.Add(gaussianFile()[:60])
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := parseGaussians(b)
		if err == nil && len(g.values) != g.books*g.streams*g.densities*cepstra {
			t.Errorf("%d values", len(g.values))
		}
	})
}
