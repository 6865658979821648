package journal

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/parley-voice/parley/audio"
)

// ErrBroken is wrapped by what reading a journal returns that no Writer has written.
var ErrBroken = errors.New("not a journal of turn-taking")

// A record is one that was read.
type record struct {
	op   byte
	at   time.Duration
	slot int64 // of its frame
	who  int
	byte byte
	sum  sum
	text []byte // valid until the next
}

// reader reads records.
type reader struct {
	r *bufio.Reader
	times
	slots [2]int64
	text  []byte
}

// next is io.EOF after the last record, also where that was cut short: then cut is set.
func (r *reader) next() (rec record, cut bool, err error) {
	head, err := r.r.ReadByte()
	if err != nil {
		return rec, false, err
	}
	if rec.op = head & 0x0f; rec.op == 0 { // a hole, where the disk was too slow
		return rec, true, io.EOF
	}
	if rec.op < opBegin || rec.op > opMenu {
		return rec, false, fmt.Errorf("%w: a record of kind %d", ErrBroken, rec.op)
	}
	if err := r.rest(head, &rec); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return rec, true, io.EOF
	} else if err != nil {
		return rec, false, err
	}
	return rec, false, nil
}

func (r *reader) rest(head byte, rec *record) (err error) {
	rec.at = r.last
	if head&sameTime == 0 {
		by, err := binary.ReadVarint(r.r)
		if err != nil {
			return varint(err)
		}
		if head&nextFrame != 0 {
			rec.at = r.frame + audio.FrameDur
		}
		rec.at += time.Duration(by)
	}
	r.last = rec.at
	if rec.op == opFrame || rec.op == opPlayed {
		side := int(rec.op - opFrame)
		off := int64(0)
		if head&otherSlot != 0 {
			if off, err = binary.ReadVarint(r.r); err != nil {
				return varint(err)
			}
		}
		r.slots[side] += off + 1
		if rec.slot = r.slots[side]; rec.op == opFrame {
			r.frame = rec.at
		}
		return nil
	}
	if rec.op >= opWho && rec.op <= opWhoTake || rec.op == opWhoOver {
		id, err := binary.ReadUvarint(r.r)
		if err != nil {
			return varint(err)
		}
		rec.who = int(id & 0x7fffffff)
	}
	switch rec.op {
	case opAgent:
		rec.byte, err = r.r.ReadByte()
	case opSum:
		var b [4]byte
		_, err = io.ReadFull(r.r, b[:])
		rec.sum = sum(binary.LittleEndian.Uint32(b[:]))
	case opBegin, opHeard, opAsked, opWho, opWhoHeard, opWhoTake, opMenu:
		rec.text, err = r.long()
	}
	return err
}

func (r *reader) long() ([]byte, error) {
	n, err := binary.ReadUvarint(r.r)
	if err != nil {
		return nil, varint(err)
	}
	if n > 2*longText {
		return nil, fmt.Errorf("%w: a text of %d bytes", ErrBroken, n)
	}
	if uint64(cap(r.text)) < n {
		r.text = make([]byte, n)
	}
	r.text = r.text[:n]
	_, err = io.ReadFull(r.r, r.text)
	return r.text, err
}

// varint tells a number that is none from one that was cut short.
func varint(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return fmt.Errorf("%w: %v", ErrBroken, err)
}

// decode reads what a record has in JSON.
func decode[T any](rec *record) (v T, err error) {
	if err = json.Unmarshal(rec.text, &v); err != nil {
		err = fmt.Errorf("%w: %v", ErrBroken, err)
	}
	return v, err
}
