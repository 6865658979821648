//go:build linux && !static

package sphinx

import (
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"
)

// kinds of language model files, of ngram_file_type_t
const (
	autoFile = 0
	binFile  = 2
)

func cString(s string, pin *runtime.Pinner) uintptr {
	b := append([]byte(s), 0)
	pin.Pin(&b[0])
	return uintptr(unsafe.Pointer(&b[0]))
}

// A Decoder hears one caller. It is used by one goroutine.
type Decoder struct {
	lib    *library
	ps     uintptr
	config uintptr
}

// Open builds a decoder that has no search yet.
func Open(c Config) (*Decoder, error) {
	lib, err := load()
	if err != nil {
		return nil, err
	}
	options := []string{"-hmm", c.Acoustic, "-dict", c.Dictionary, "-samprate", fmt.Sprint(c.Rate),
		"-fwdflat", "no", "-bestpath", "no", "-maxhmmpf", "3000", "-logfn", "/dev/null"}
	config, err := lib.parseArgs(append(options, c.Options...)...)
	if err != nil {
		return nil, err
	}
	ps := lib.init(config)
	if ps == 0 {
		return nil, fmt.Errorf("the recogniser cannot be started on %s with %s", c.Acoustic, c.Dictionary)
	}
	return &Decoder{lib: lib, ps: ps, config: config}, nil
}

// Expect builds the search from language model files, mixed in equal parts when there are several.
func (d *Decoder) Expect(files ...string) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	var models, names []uintptr
	var weights []float32
	for _, f := range files {
		m := d.lib.readLM(d.config, f, autoFile, d.lib.logmath(d.ps))
		if m == 0 {
			return fmt.Errorf("the recogniser cannot read the language model %s", f)
		}
		models, names, weights = append(models, m), append(names, cString(f, &pin)), append(weights, 1/float32(len(files)))
	}
	lm := models[0]
	if len(models) > 1 {
		if lm = d.lib.mixLM(d.config, &models[0], &names[0], &weights[0], int32(len(models))); lm == 0 {
			return fmt.Errorf("the recogniser cannot mix the language models %q", files)
		}
	}
	if d.lib.setLM(d.ps, "agent", lm) != 0 || d.lib.setSearch(d.ps, "agent") != 0 {
		return errors.New("the recogniser cannot build its search")
	}
	return nil
}

// AddWord teaches a word, or a further way to say it ("word(2)"); before Expect. False: the phones are not the model's.
func (d *Decoder) AddWord(word, phones string) bool { return d.lib.addWord(d.ps, word, phones, 0) >= 0 }

// Start begins an utterance.
func (d *Decoder) Start() error {
	if d.lib.startUtt(d.ps) != 0 {
		return errors.New("the recogniser cannot begin an utterance")
	}
	return nil
}

// Feed gives the next sound of the utterance.
func (d *Decoder) Feed(pcm []int16) error {
	if len(pcm) == 0 {
		return nil
	}
	if d.lib.process(d.ps, &pcm[0], uintptr(len(pcm)), 0, 0) < 0 {
		return errors.New("the recogniser cannot hear on")
	}
	return nil
}

// Finish ends the utterance. Words may be asked for afterwards.
func (d *Decoder) Finish() error {
	if d.lib.endUtt(d.ps) != 0 {
		return errors.New("the recogniser cannot end an utterance")
	}
	return nil
}

// Words are what has been recognised of the utterance so far, fillers and silence left out, timed from the first
// sound that was ever fed.
func (d *Decoder) Words() []Word {
	var words []Word
	for seg := d.lib.segments(d.ps); seg != 0; seg = d.lib.segNext(seg) {
		text, ok := spoken(d.lib.segWord(seg))
		if !ok {
			continue
		}
		var from, to int32
		d.lib.segFrames(seg, &from, &to)
		words = append(words, Word{Text: text, Start: time.Duration(from) * frame, End: time.Duration(to+1) * frame})
	}
	return words
}

// Close frees the decoder.
func (d *Decoder) Close() {
	if d.ps != 0 {
		d.lib.free(d.ps)
		d.ps = 0
	}
}

// Compile turns a language model in text into the recogniser's own form, which loads in a fraction of the time.
func Compile(arpa, bin string) error {
	lib, err := load()
	if err != nil {
		return err
	}
	lm := lib.readLM(0, arpa, autoFile, lib.logInit(1.0001, 0, 0))
	if lm == 0 || lib.writeLM(lm, bin, binFile) != 0 {
		return fmt.Errorf("the recogniser cannot compile %s", arpa)
	}
	return nil
}

// Cepstra are the features of a sound, 13 for every 10 ms, as the decoder's own front end sees it.
func (d *Decoder) Cepstra(pcm []int16) ([][13]float32, error) {
	var block uintptr
	var n int32
	fe := d.lib.frontEnd(d.ps)
	if len(pcm) == 0 || d.lib.processUtt(fe, &pcm[0], uintptr(len(pcm)), &block, &n) < 0 || block == 0 {
		return nil, errors.New("the recogniser's front end cannot hear")
	}
	defer d.lib.free2D(block)
	rows := unsafe.Slice(*(***[13]float32)(unsafe.Pointer(&block)), n)
	out := make([][13]float32, n)
	for i, r := range rows {
		out[i] = *r
	}
	return out, nil
}
