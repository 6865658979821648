//go:build linux && !static

package flite

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is the part of the C interface that is used. Handles are pointers into C memory.
type library struct {
	handle     uintptr
	featSet    func(features uintptr, name *byte, val uintptr)
	featFloat  func(features uintptr, name *byte, v float32)
	newStream  func() *streamingInfo
	streamVal  func(*streamingInfo) uintptr
	synth      func(text string, voice uintptr) uintptr
	freeUtt    func(utt uintptr)
	relation   func(utt uintptr, name string) uintptr
	head       func(relation uintptr) uintptr
	next       func(item uintptr) uintptr
	hasFeat    func(item uintptr, name string) int32
	itemString func(item uintptr, name string) string
	pathFloat  func(item uintptr, path string) float32
	lookup     func(lexicon uintptr, word string, pos, features uintptr) uintptr
	car, cdr   func(val uintptr) uintptr
	str        func(val uintptr) string
	lexicon    uintptr
}

// streamingInfo is cst_audio_streaming_info.
type streamingInfo struct {
	minBuffer int32
	call      uintptr
	utt       uintptr
	_, _      uintptr // item, user data
}

// wave is cst_wave.
type wave struct {
	_       uintptr // name of its type
	rate    int32
	samples int32
	_       int32 // channels: 1
	pcm     *int16
}

// voice is the head of cst_voice.
type voice struct {
	name     uintptr
	features uintptr
}

// The library keeps the pointer to a feature's name and not a copy, so these live as long as the process.
var (
	streamingName = []byte("streaming_info\x00")
	stretchName   = []byte("duration_stretch\x00")
	meanName      = []byte("int_f0_target_mean\x00")
	shiftName     = []byte("f0_shift\x00")
)

var load = sync.OnceValues(func() (lib *library, err error) {
	open := func(name string) uintptr {
		h, e := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if e != nil && err == nil {
			err = fmt.Errorf("opening %s: %w", name, e)
		}
		return h
	}
	flite, _, lex := open("libflite.so.1"), open("libflite_usenglish.so.1"), open("libflite_cmulex.so.1")
	if err != nil {
		return nil, err
	}
	defer func() { // purego reports a missing symbol by a panic
		if p := recover(); p != nil {
			lib, err = nil, fmt.Errorf("libflite.so.1: %v", p)
		}
	}()
	lib = &library{handle: flite}
	for name, f := range map[string]any{
		"flite_feat_set": &lib.featSet, "flite_feat_set_float": &lib.featFloat, "new_audio_streaming_info": &lib.newStream,
		"audio_streaming_info_val": &lib.streamVal, "flite_synth_text": &lib.synth, "delete_utterance": &lib.freeUtt,
		"utt_relation": &lib.relation, "relation_head": &lib.head, "item_next": &lib.next, "item_feat_present": &lib.hasFeat,
		"item_feat_string": &lib.itemString, "ffeature_float": &lib.pathFloat, "lex_lookup": &lib.lookup,
		"val_car": &lib.car, "val_cdr": &lib.cdr, "val_string": &lib.str,
	} {
		purego.RegisterLibFunc(f, flite, name)
	}
	var start func() int32
	purego.RegisterLibFunc(&start, flite, "flite_init")
	start()
	var lexInit func() uintptr
	purego.RegisterLibFunc(&lexInit, lex, "cmu_lex_init")
	lib.lexicon = lexInit()
	return lib, nil
})

// Phones is how the lexicon, or its letter-to-sound rules, pronounce a word.
func Phones(word string) ([]string, error) {
	lib, err := load()
	if err != nil {
		return nil, err
	}
	var out []string
	for v := lib.lookup(lib.lexicon, strings.ToLower(word), 0, 0); v != 0; v = lib.cdr(v) {
		out = append(out, lib.str(lib.car(v)))
	}
	return out, nil
}

// openVoice loads a voice and makes it stream to call.
func (l *library) openVoice(name string, call uintptr) (*voice, error) {
	lib := "libflite_cmu_us_" + name + ".so.1"
	h, err := purego.Dlopen(lib, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("opening the voice %s: %w", lib, err)
	}
	symbol := "register_cmu_us_" + name
	f, err := purego.Dlsym(h, symbol)
	if err != nil {
		return nil, fmt.Errorf("%s has no %s: %w", lib, symbol, err)
	}
	var register func(dir uintptr) *voice
	purego.RegisterFunc(&register, f)
	v := register(0)
	if v == nil {
		return nil, fmt.Errorf("the voice %s cannot be started", name)
	}
	info := l.newStream()
	info.call = call
	info.minBuffer = minBuffer
	l.featSet(v.features, &streamingName[0], l.streamVal(info))
	return v, nil
}

func (w *wave) slice(from, n int32) []int16 {
	if w == nil || w.pcm == nil || from < 0 || n <= 0 || from+n > w.samples {
		return nil
	}
	return unsafe.Slice(w.pcm, w.samples)[from : from+n]
}

func uintptrOf(v *voice) uintptr { return uintptr(unsafe.Pointer(v)) }

// Loads says why the libraries cannot be used; nil: they can.
func Loads() error {
	_, err := load()
	return err
}
