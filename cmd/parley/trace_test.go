package main

import (
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestTraceOfATransferredCall: both legs of a call that was bridged are in its ladder, from the first INVITE to the answer to the last
// BYE, while it runs, after it, and after a restart; not when it has been erased.
func TestTraceOfATransferredCall(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	person, expert := newStation(t), newStation(t)
	c := r.made("/v1/calls/create", `{"from_number":"1000","to_number":"sip:person@`+person.trunk.Addr().String()+`","agent":`+silentAgent+`}`)
	id, _ := c["id"].(string)
	a := <-person.taken
	ladder := func(format string) (int, string) {
		res := r.ask("GET", "/v1/calls/trace?id="+id+"&format="+format, "")
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if code, _ := ladder("ladder"); code == 200 { // the INVITE may be there before its sender has written down that it was sent
			break
		}
	}
	if code, got := ladder("ladder"); code != 200 || strings.Count(got, "─ INVITE ─") != 1 || strings.Contains(got, "BYE") || !strings.Contains(got, "PCMU") {
		t.Errorf("while it runs: %d\n%s", code, got)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) { // it is answered before the agent listens
		if res := r.ask("POST", "/v1/calls/transfer?id="+id, `{"phone_number":"sip:expert@`+expert.trunk.Addr().String()+`"}`); res.StatusCode < 300 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("transferring: %s", res.Status)
		}
	}
	read := func() {
		for {
			if _, err := a.Read(person.ctx); err != nil {
				return
			}
		}
	}
	go read()
	b := <-expert.taken
	if err := b.Hangup(expert.ctx, "agent_ended"); err != nil {
		t.Error(err)
	}
	if c := r.ended(0); c["media"] == nil {
		t.Log("the leg does not count its packets")
	}
	whole := func(when string) {
		t.Helper()
		deadline := time.Now().Add(time.Minute)
		for {
			code, got := ladder("ladder")
			byes := strings.Count(got, "─ BYE ─")
			if code == 200 && strings.Contains(got, "\nb  Call-ID ") && byes == 2 && strings.Count(got, "BYE") >= 2*byes && strings.Contains(got, "─ ACK ─") {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d\n%s", when, code, got)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	whole("after it")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = start(t, dir)
	whole("after a restart")
	if code, got := ladder("pcap"); code != 200 || !strings.HasPrefix(got, "\xd4\xc3\xb2\xa1") {
		t.Errorf("%d %q", code, got)
	}
	t.Setenv("PARLEY_URL", r.url)
	t.Setenv("PARLEY_DATA", dir)
	file := t.TempDir() + "/x.pcap"
	if code, said := command(t, "sip", "trace", id, "--pcap", file); code != 0 {
		t.Error(code, said)
	}
	if b, err := os.ReadFile(file); err != nil || !strings.Contains(string(b), "INVITE sip:expert@") {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if res := r.ask("DELETE", "/v1/calls/delete?id="+id, ""); res.StatusCode != 200 {
		t.Fatal(res.Status)
	}
	if code, _ := ladder("json"); code != 404 {
		t.Error("an erased call is shown", code)
	}
}

// TestCaptureOfARunningCall: its SIP messages from the beginning and its RTP both ways, until it is over.
func TestCaptureOfARunningCall(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	person := newStation(t)
	c := r.made("/v1/calls/create", `{"from_number":"1000","to_number":"sip:person@`+person.trunk.Addr().String()+`","agent":`+silentAgent+`}`)
	id, _ := c["id"].(string)
	l := <-person.taken
	go func() {
		for {
			if _, err := l.Read(person.ctx); err != nil {
				return
			}
		}
	}()
	res := r.ask("GET", "/v1/calls/capture?id="+id, "")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/vnd.tcpdump.pcap" {
		t.Fatal(res.Status, res.Header)
	}
	var all []byte
	in, out := 0, 0
	take := func(least int) {
		t.Helper()
		head := make([]byte, 16)
		for in < least || out < least {
			if _, err := io.ReadFull(res.Body, head); err != nil {
				if least > 1<<20 {
					return // the end
				}
				t.Fatal(in, out, err)
			}
			p := make([]byte, binary.LittleEndian.Uint32(head[8:]))
			if _, err := io.ReadFull(res.Body, p); err != nil {
				t.Fatal(err)
			}
			if payload := p[28:]; payload[0] == 0x80 && binary.BigEndian.Uint16(p[20:]) >= 45000 && binary.BigEndian.Uint16(p[20:]) <= 45999 {
				out++
			} else if payload[0] == 0x80 {
				in++
			}
			all = append(all, p...)
		}
	}
	if _, err := io.ReadFull(res.Body, make([]byte, 24)); err != nil {
		t.Fatal(err)
	}
	take(20)
	if err := l.Hangup(person.ctx, "agent_ended"); err != nil {
		t.Error(err)
	}
	take(1 << 30)
	for _, want := range []string{"INVITE sip:person@", "200 OK", "BYE sip:"} {
		if !strings.Contains(string(all), want) {
			t.Errorf("there is no %q in %d bytes", want, len(all))
		}
	}
	if res := r.ask("GET", "/v1/calls/capture?id="+id, ""); res.StatusCode != 409 {
		t.Error("of a call that is over:", res.Status)
	}
}
