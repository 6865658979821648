//go:build linux && !static

package sphinx

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/ebitengine/purego"
)

// The names under which Debian and its children install the recogniser. sphinxbase is a dependency of it, and opened by name
// because not every linker looks through a library into those it needs.
const (
	sphinxLib = "libpocketsphinx.so.3"
	baseLib   = "libsphinxbase.so.3"
)

// library is the part of the C interface that is used. Handles are pointers into C memory, kept as numbers so that Go's
// collector does not look at them.
type library struct {
	args      func() uintptr
	parse     func(inout, definitions uintptr, argc int32, argv *uintptr, strict int32) uintptr
	init      func(config uintptr) uintptr
	free      func(ps uintptr) int32
	startUtt  func(ps uintptr) int32
	endUtt    func(ps uintptr) int32
	process   func(ps uintptr, pcm *int16, n uintptr, noSearch, full int32) int32
	hyp       func(ps uintptr, score *int32) string
	segments  func(ps uintptr) uintptr
	segNext   func(seg uintptr) uintptr
	segFree   func(seg uintptr)
	segWord   func(seg uintptr) string
	segFrames func(seg uintptr, from, to *int32)
	logmath   func(ps uintptr) uintptr
	setLM     func(ps uintptr, name string, lm uintptr) int32
	setSearch func(ps uintptr, name string) int32
	readLM    func(config uintptr, file string, kind int32, logmath uintptr) uintptr
	writeLM   func(lm uintptr, file string, kind int32) int32
	mixLM     func(config uintptr, models, names *uintptr, weights *float32, n int32) uintptr
	moreLibrary
}

// moreLibrary is what preparing a model needs beyond hearing.
type moreLibrary struct {
	frontEnd   func(ps uintptr) uintptr
	addWord    func(ps uintptr, word, phones string, update int32) int32
	processUtt func(fe uintptr, pcm *int16, n uintptr, block *uintptr, frames *int32) int32
	free2D     func(block uintptr)
	logInit    func(step float64, shift, table int32) uintptr
}

var load = sync.OnceValues(func() (lib *library, err error) {
	base, err := purego.Dlopen(baseLib, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", baseLib, err)
	}
	ps, err := purego.Dlopen(sphinxLib, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", sphinxLib, err)
	}
	defer func() { // purego reports a missing symbol by a panic
		if p := recover(); p != nil {
			lib, err = nil, fmt.Errorf("%s: %v", sphinxLib, p)
		}
	}()
	lib = &library{}
	for name, f := range map[string]any{
		"ps_args": &lib.args, "ps_init": &lib.init, "ps_free": &lib.free, "ps_start_utt": &lib.startUtt, "ps_end_utt": &lib.endUtt,
		"ps_process_raw": &lib.process, "ps_get_hyp": &lib.hyp, "ps_seg_iter": &lib.segments, "ps_seg_next": &lib.segNext,
		"ps_seg_free": &lib.segFree, "ps_seg_word": &lib.segWord, "ps_seg_frames": &lib.segFrames, "ps_get_logmath": &lib.logmath,
		"ps_set_lm": &lib.setLM, "ps_set_search": &lib.setSearch, "ps_get_fe": &lib.frontEnd, "ps_add_word": &lib.addWord,
	} {
		purego.RegisterLibFunc(f, ps, name)
	}
	for name, f := range map[string]any{
		"cmd_ln_parse_r": &lib.parse, "ngram_model_read": &lib.readLM, "ngram_model_write": &lib.writeLM,
		"ngram_model_set_init": &lib.mixLM, "fe_process_utt": &lib.processUtt, "fe_free_2d": &lib.free2D, "logmath_init": &lib.logInit,
	} {
		purego.RegisterLibFunc(f, base, name)
	}
	return lib, nil
})

// parseArgs turns options into the library's configuration.
func (l *library) parseArgs(options ...string) (uintptr, error) {
	argv := make([]uintptr, 0, len(options)+2)
	var pin runtime.Pinner
	defer pin.Unpin()
	for _, o := range append([]string{"parley"}, options...) {
		argv = append(argv, cString(o, &pin))
	}
	config := l.parse(0, l.args(), int32(len(argv)), &argv[0], 1)
	if config == 0 {
		return 0, fmt.Errorf("the recogniser refuses its options %q", options)
	}
	return config, nil
}

// Loads says why the libraries cannot be used; nil: they can.
func Loads() error {
	_, err := load()
	return err
}
