package api

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

const (
	waveParts   = 1000
	mostParts   = 10_000
	longestCall = 7 * 24 * time.Hour // that anybody may ask for a part of
)

// A waveform is what the sound of a part of a call looks like: loudest samples, 255 being full scale.
type waveform struct {
	CallID string `json:"call_id"`
	From   int64  `json:"from_ms"`
	To     int64  `json:"to_ms"`
	Length int64  `json:"length_ms"`
	Caller []int  `json:"caller"`
	Agent  []int  `json:"agent"`
}

// waveform answers with what the recording of a call looks like.
func (a *API) waveform(r *request) (any, error) {
	var bad invalid
	most := int(longestCall.Milliseconds())
	from, to, parts := r.whole(&bad, "from_ms", 0, 0, most), r.whole(&bad, "to_ms", most, 1, most), r.whole(&bad, "points", waveParts, 1, mostParts)
	if len(bad) == 0 && to <= from {
		bad = append(bad, fieldError{"to_ms", "to_ms must be more than from_ms"})
	}
	if len(bad) > 0 {
		return nil, bad.orNil()
	}
	c, err := a.Store.Call(r.Context(), r.env, r.id)
	if err != nil {
		return nil, err
	}
	if c.Recording == "" {
		return nil, &parley.Error{Status: http.StatusNotFound, Code: "no_recording", Message: "recording not found: the call has none"}
	}
	const slot = int64(audio.FrameDur / time.Millisecond)
	first, last := int64(from)/slot, (int64(to)+slot-1)/slot
	peaks, slots, err := a.peaks(r, &c, first, last)
	if err != nil {
		return nil, err
	}
	out := waveform{CallID: c.ID, From: min(first, slots) * slot, To: min(last, slots) * slot, Length: slots * slot}
	out.Caller, out.Agent = peaks.In(parts)
	return out, nil
}

// peaks are those of the slots from–to, as they were noted or else as the sound has them, and how many slots there are.
func (a *API) peaks(r *request, c *parley.Call, from, to int64) (p audio.Peaks, slots int64, err error) {
	f, size, err := a.Blobs.Open(c.ID + audio.PeaksEnding)
	switch {
	case parley.IsNotFound(err):
		return a.peaksOfSound(r, c, from, to)
	case err != nil:
		return nil, 0, err
	}
	defer f.Close()
	slots = size / 2
	from, to = min(from, slots), min(to, slots)
	p = make(audio.Peaks, 2*(to-from))
	if _, err = f.Seek(2*from, io.SeekStart); err == nil {
		_, err = io.ReadFull(f, p)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading what a recording looks like: %w", err)
	}
	return p, slots, nil
}

func (a *API) peaksOfSound(r *request, c *parley.Call, from, to int64) (audio.Peaks, int64, error) {
	none := &parley.Error{Status: http.StatusNotFound, Code: "no_waveform", Message: "waveform not found: what this recording looks like was not noted when it became an MP3"}
	if filepath.Ext(c.Recording) != ".wav" {
		return nil, 0, none
	}
	path, err := a.Blobs.Path(c.Recording)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, parley.NotFound("recording")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("opening a recording: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("opening a recording: %w", err)
	}
	sound, err := audio.OpenRecorded(f, info.Size())
	if err != nil {
		return nil, 0, err
	}
	select { // much to read
	case a.encoding <- struct{}{}:
		defer func() { <-a.encoding }()
	case <-r.Context().Done():
		return nil, 0, r.Context().Err()
	}
	p, err := sound.Peaks(from, to)
	return p, sound.Slots(), err
}

// whole is a whole number of the query; what is wrong with it goes to bad.
func (r *request) whole(bad *invalid, name string, otherwise, least, most int) int {
	s := r.q(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		*bad = append(*bad, fieldError{name, fmt.Sprintf("%s must be a whole number between %d and %d", name, least, most)})
	}
	return n
}
