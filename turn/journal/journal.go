// Package journal writes down what a call's turn.Detector, answer.Classifier and menu.Guide are told, and plays it to them once more: with the
// sound of the recording it gives the same decisions again, and with other dials those that would have been made.
//
// A Detector, a Classifier and a Guide of this package are those of turn, turn/answer and turn/menu, told through a Writer. It starts no goroutine;
// everything of a call belongs to the goroutine that decides for it.
//
// A journal is records, one after the other. A record begins with a byte: what it is, in the low four bits, and in the others how its
// time is written (in nanoseconds: a varint from the record before, from where the next frame was to be expected, or nothing where it is that of
// the record before) and whether a varint says by how many slots of 20 ms its sound is not the next one of the recording. Frames
// themselves are not in it: they are the recording's. A sum over each second of them tells whether they still are what was heard.
package journal

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"reflect"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn"
)

// Ending is what a journal's name ends with, behind the call's id.
const Ending = ".journal"

// format is raised when records change their meaning.
const format = 1

// What a record is.
const (
	opBegin    = iota + 1 // a conversation: JSON of a begin
	opFrame               // the detector hears a frame
	opPlayed              // one was put on the wire
	opHeard               // JSON of turn.Words
	opAgent               // a byte, turn.Agent
	opAsked               // what the agent has said last
	opTick                //
	opFlush               //
	opWho                 // a classifier begins: JSON of its answer.Options
	opWhoFrame            // it hears the detector's newest frame
	opWhoHeard            // JSON of answer.Words
	opWhoTake             // JSON of an answer.Verdict
	opSum                 // four bytes: of all frames since the sum before
	opWhoOver             // the callee's turn is over
	opMenu                // JSON of a guided: what a guide through menus is told
)

// How its time is written, and whether slots are.
const (
	sameTime  = 0x10
	nextFrame = 0x20
	otherSlot = 0x40
)

const (
	perSum   = 50       // frames of the caller
	block    = 4 << 10  // bytes written at once
	longest  = 64 << 20 // bytes: what comes after is not written down
	longText = 64 << 10 // bytes of one record
)

// begin is what a conversation begins with.
type begin struct {
	Format   int          `json:"format"`
	Dials    turn.Options `json:"dials"`
	Suppress float64      `json:"suppress,omitempty"` // level of the noise suppression
}

// A Writer writes a journal. A nil one writes nothing.
type Writer struct {
	// Suppress is the level of the noise suppression between the recording and the conversation that begins next; 0: none.
	Suppress float64

	to   io.Writer
	buf  []byte
	size int64
	err  error
	times
	slots [2]int64 // of the newest frame: the caller's, the agent's
	sum   sum
	n     int // frames of the caller in sum

	whos, guides int  // so many there were
	stopped      bool // nothing more is written down
}

// none are the slots before the first.
var none = [2]int64{-1, -1}

// times are what a record's time is written from.
type times struct{ last, frame time.Duration }

// NewWriter writes to w, a block at a time.
func NewWriter(w io.Writer) *Writer {
	return &Writer{to: w, buf: make([]byte, 0, block+1024), slots: none}
}

// Close writes what is held back. It does not close what it writes to. The error is the first there was.
func (w *Writer) Close() error {
	if w == nil {
		return nil
	}
	if w.n > 0 && !w.stopped {
		w.seal()
	}
	w.flush()
	return w.err
}

func (w *Writer) flush() {
	if len(w.buf) == 0 {
		return
	}
	if w.err == nil && w.size < longest {
		_, w.err = w.to.Write(w.buf)
	}
	w.size += int64(len(w.buf))
	w.buf = w.buf[:0]
}

// Stop ends it before the call: what comes is not written down.
func (w *Writer) Stop() {
	if w == nil || w.stopped {
		return
	}
	if w.n > 0 {
		w.seal()
	}
	w.buf = append(w.buf, 0)
	w.stopped = true
}

// begin begins a conversation.
func (w *Writer) begin(o turn.Options) {
	if w == nil || w.stopped {
		return
	}
	b, err := json.Marshal(begin{format, o, w.Suppress})
	w.fail(err)
	w.record(opBegin, w.last)
	w.text(b)
}

// sound notes a frame of one side that stands at at in the recording.
func (w *Writer) sound(op byte, side int, f *audio.Frame, at, now time.Duration) {
	if w == nil || w.stopped {
		return
	}
	slot := slotOf(at)
	off := slot - w.slots[side] - 1
	w.slots[side] = slot
	if off != 0 {
		w.record(op|otherSlot, now)
		w.buf = binary.AppendVarint(w.buf, off)
	} else {
		w.record(op, now)
	}
	w.sum.add(f)
	if op != opFrame {
		return
	}
	w.frame = now
	if w.n++; w.n == perSum {
		w.seal()
	}
}

// slotOf is where audio.Recorder puts the frame.
func slotOf(at time.Duration) int64 { return int64((at + audio.FrameDur/2) / audio.FrameDur) }

func (w *Writer) seal() {
	w.record(opSum, w.last)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(w.sum))
	w.sum, w.n = 0, 0
}

// note writes a record without sound. what is nil, a byte, a string, or a struct of which the fields that are not zero are written.
func (w *Writer) note(op byte, now time.Duration, what any) {
	if w == nil || w.stopped {
		return
	}
	w.record(op, now)
	w.what(what)
}

// json writes a record without sound that is read whole.
func (w *Writer) json(op byte, now time.Duration, what any) {
	if w == nil || w.stopped {
		return
	}
	b, err := json.Marshal(what)
	if w.fail(err); len(b) <= longText {
		w.record(op, now)
		w.text(b)
	}
}

// who writes one about a classifier.
func (w *Writer) who(op byte, id int, now time.Duration, what any) {
	if w == nil || w.stopped {
		return
	}
	w.record(op, now)
	w.buf = binary.AppendUvarint(w.buf, uint64(id))
	w.what(what)
}

func (w *Writer) what(what any) {
	switch v := what.(type) {
	case nil:
	case byte:
		w.buf = append(w.buf, v)
	case string:
		w.text([]byte(v[:min(len(v), longText)]))
	default:
		b, err := json.Marshal(told(v))
		if w.fail(err); len(b) > longText {
			b = []byte("{}")
		}
		w.text(b)
	}
}

func (w *Writer) text(b []byte) {
	w.buf = binary.AppendUvarint(w.buf, uint64(len(b)))
	w.buf = append(w.buf, b...)
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// record begins one that happened at now.
func (w *Writer) record(op byte, now time.Duration) {
	if len(w.buf) >= block {
		w.flush()
	}
	switch expected := w.frame + audio.FrameDur; {
	case now == w.last:
		w.buf = append(w.buf, op|sameTime)
	case magnitude(now-expected) < magnitude(now-w.last):
		w.buf = append(w.buf, op|nextFrame)
		w.buf = binary.AppendVarint(w.buf, int64(now-expected))
	default:
		w.buf = append(w.buf, op)
		w.buf = binary.AppendVarint(w.buf, int64(now-w.last))
	}
	w.last = now
}

func magnitude(d time.Duration) time.Duration { return max(d, -d) }

// told are the fields of a struct that are not zero: one that comes to be later is written, too.
func told(v any) map[string]any {
	m := map[string]any{}
	s := reflect.ValueOf(v)
	for i := range s.NumField() {
		if f := s.Field(i); !f.IsZero() {
			m[s.Type().Field(i).Name] = f.Interface()
		}
	}
	return m
}

// A sum tells whether sound is the sound it was.
type sum uint32

func (s *sum) add(f *audio.Frame) {
	h := uint64(*s)
	for i := 0; i < len(f); i += 4 {
		h = (h ^ uint64(uint16(f[i])) ^ uint64(uint16(f[i+1]))<<16 ^ uint64(uint16(f[i+2]))<<32 ^ uint64(uint16(f[i+3]))<<48) * 1099511628211
		h ^= h >> 32
	}
	*s = sum(h)
}
