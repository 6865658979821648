package local

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestMessages(t *testing.T) {
	var b bytes.Buffer
	if err := writeJSON(&b, order, orderBody{Work: workHear, Model: "/m"}); err != nil {
		t.Fatal(err)
	}
	if _, err := writeMessage(&b, nil, pcm, putSamples(nil, []int16{1, -2, 32767, -32768})); err != nil {
		t.Fatal(err)
	}
	if _, err := writeMessage(&b, nil, done, nil); err != nil {
		t.Fatal(err)
	}
	k, body, err := readMessage(&b, nil)
	if err != nil || k != order || !strings.Contains(string(body), `"/m"`) {
		t.Errorf("%d %s %v", k, body, err)
	}
	k, body, err = readMessage(&b, body)
	if got := samples(nil, body); err != nil || k != pcm || !slices.Equal(got, []int16{1, -2, 32767, -32768}) {
		t.Errorf("%d %v %v", k, got, err)
	}
	if k, body, err = readMessage(&b, body); err != nil || k != done || len(body) != 0 {
		t.Errorf("%d %v %v", k, body, err)
	}
	if _, _, err = readMessage(&b, body); !errors.Is(err, io.EOF) {
		t.Errorf("the end is %v", err)
	}
	if _, err := writeMessage(&b, nil, pcm, make([]byte, maxBody+1)); err == nil {
		t.Error("a message above the bound was written")
	}
	if err := writeJSON(&b, order, func() {}); err == nil {
		t.Error("a function was written")
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{3, 0, 0, 0, 2, 1, 2})
	f.Add([]byte{3, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{1, 0, 0, 0, 9, '{'})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		var body []byte
		for {
			k, got, err := readMessage(r, body)
			if err != nil {
				return
			}
			var w bytes.Buffer
			if _, err := writeMessage(&w, nil, k, got); err != nil || !bytes.Contains(b, w.Bytes()) {
				t.Fatalf("%d %x is not what came: %v", k, got, err)
			}
			body = got
		}
	})
}

// FuzzWorker: nothing that comes to a worker before its order is done makes it crash.
func FuzzWorker(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 2, '{', '}'})
	f.Add([]byte{9})
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.Contains(b, []byte("Work")) || bytes.Contains(bytes.ToLower(b), []byte("work")) {
			return // a true order opens the libraries
		}
		if err := Worker(bytes.NewReader(b), io.Discard); err == nil && len(b) > 0 {
			t.Errorf("%x was taken for an order", b)
		}
	})
}

func FuzzReadWave(f *testing.F) {
	head := append([]byte("RIFF....WAVEfmt ................"), []byte("....data....")...)
	f.Add(head)
	f.Add([]byte("RIFF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newPiece("x")
		if err := readWave(bytes.NewReader(b), p); err == nil && (len(p.sound) != len(b)-44 || p.rate < 8000) {
			t.Errorf("%d bytes of sound at %d Hz of a file of %d", len(p.sound), p.rate, len(b))
		}
	})
}
