package trace

import (
	"bytes"
	"net"
	"strings"
)

// clearCodecs are the static payload types that telephones use (RFC 3551).
var clearCodecs = map[string]string{"0": "PCMU", "3": "GSM", "4": "G723", "8": "PCMA", "9": "G722", "13": "CN", "18": "G729"}

// summary is what a session description says in few words: codecs, packet time, direction, where to; "" when there is none.
func summary(raw []byte) string {
	b := body(raw)
	at := bytes.Index(b, []byte("v=0"))
	if at < 0 || at > 0 && b[at-1] != '\n' {
		return ""
	}
	var host, direction, ptime string
	var media []*stream
	for rest := b[at:]; len(rest) > 0; {
		var line []byte
		if line, rest = cutLine(rest); len(line) < 2 || line[1] != '=' {
			continue
		}
		v := string(bytes.TrimSpace(line[2:]))
		var m *stream
		if len(media) > 0 {
			m = media[len(media)-1]
		}
		switch line[0] {
		case 'm':
			if f := strings.Fields(v); len(f) >= 3 && len(media) < 8 {
				media = append(media, &stream{kind: f[0], port: f[1], profile: f[2], formats: f[3:], names: map[string]string{}})
			}
		case 'c':
			if f := strings.Fields(v); len(f) == 3 && m != nil {
				m.host = f[2]
			} else if len(f) == 3 {
				host = f[2]
			}
		case 'a':
			name, value, _ := strings.Cut(v, ":")
			switch {
			case name == "sendrecv" || name == "sendonly" || name == "recvonly" || name == "inactive":
				if direction = name; m != nil {
					direction, m.direction = "", name
				}
			case name == "ptime":
				ptime = strings.TrimSpace(value)
			case name == "rtpmap" && m != nil:
				if f := strings.Fields(value); len(f) == 2 {
					m.names[f[0]], _, _ = strings.Cut(f[1], "/")
				}
			}
		}
	}
	if len(media) == 0 {
		return "SDP without media"
	}
	parts := make([]string, len(media))
	for i, m := range media {
		parts[i] = m.String(host, direction, ptime)
	}
	return printable(strings.Join(parts, "; "), 160)
}

type stream struct {
	kind, port, profile string
	formats             []string
	names               map[string]string // by payload type
	host, direction     string
}

func (m *stream) String(host, direction, ptime string) string {
	if m.port == "0" {
		return "no " + m.kind
	}
	var b strings.Builder
	if m.kind != "audio" {
		b.WriteString(m.kind + " ")
	}
	for i, pt := range m.formats {
		name := m.names[pt]
		if name == "" {
			name = clearCodecs[pt]
		}
		switch {
		case name == "":
			name = pt
		case strings.EqualFold(name, "telephone-event"):
			name = "dtmf"
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(name)
	}
	if strings.Contains(m.profile, "SAVP") {
		b.WriteString(", SRTP")
	}
	if ptime != "" && m.kind == "audio" {
		b.WriteString(", " + ptime + " ms")
	}
	if m.direction != "" {
		direction = m.direction
	}
	if direction != "" && direction != "sendrecv" {
		b.WriteString(", " + direction)
	}
	if m.host != "" {
		host = m.host
	}
	if host != "" {
		b.WriteString(", " + net.JoinHostPort(host, m.port))
	}
	return b.String()
}
