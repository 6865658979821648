package trace

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Measures of a ladder, in columns of a terminal.
const (
	ladderWidth = 120
	timeWidth   = 14
	columnsMost = 5 // we and four others; who else there is shares the last
)

// Ladder prints messages as a diagram: a column for each address, an arrow for each message, with the time since the first.
func Ladder(w io.Writer, messages []Message) error {
	out := bufio.NewWriter(w)
	if len(messages) == 0 {
		fmt.Fprintln(out, "no messages")
		return out.Flush()
	}
	l := newLadder(messages)
	l.head(out, messages)
	for i, m := range messages {
		if m.Skipped > 0 {
			fmt.Fprintf(out, "%*s  %s  … %d messages were left out\n", timeWidth-2, "", l.bars(-1, -1, ""), m.Skipped)
		}
		l.row(out, m, messages[:i])
	}
	return out.Flush()
}

// A ladder is where everything stands.
type ladder struct {
	began   time.Time
	columns []netip.AddrPort // ours is not valid
	local   netip.AddrPort
	gap     int
	ids     []string // the Call-IDs, in the order they came
}

func newLadder(messages []Message) *ladder {
	l := &ladder{began: messages[0].At, local: messages[0].Local}
	for _, m := range messages {
		ends := []netip.AddrPort{tidy(m.Remote), {}}
		if m.Out {
			ends[0], ends[1] = ends[1], ends[0]
		}
		for _, a := range ends {
			if l.column(a) < 0 && len(l.columns) < columnsMost {
				l.columns = append(l.columns, a)
			}
		}
		if id := string(callID(m.Raw)); l.dialog(id) < 0 {
			l.ids = append(l.ids, id)
		}
	}
	l.gap = map[int]int{2: 34, 3: 24, 4: 22}[len(l.columns)]
	if l.gap == 0 {
		l.gap = 18
	}
	return l
}

func tidy(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

func (l *ladder) column(a netip.AddrPort) int {
	for i, c := range l.columns {
		if c == a {
			return i
		}
	}
	return -1
}

func (l *ladder) dialog(id string) int {
	for i, known := range l.ids {
		if known == id {
			return i
		}
	}
	return -1
}

// letter names a Call-ID.
func letter(i int) string {
	if i < 26 {
		return string(rune('a' + i))
	}
	return "a" + strconv.Itoa(i)
}

// head prints whose Call-IDs these are, when it began, and the columns' addresses.
func (l *ladder) head(w io.Writer, messages []Message) {
	fmt.Fprintln(w, l.began.UTC().Format("2006-01-02 15:04:05.000 MST"))
	for i, id := range l.ids {
		for _, m := range messages {
			if string(callID(m.Raw)) != id {
				continue
			}
			fmt.Fprintf(w, "%s  Call-ID %s\n", letter(i), printable(id, 100))
			for _, name := range []string{"From", "To"} {
				if v := field(m.Raw, strings.ToLower(name), strings.ToLower(name[:1])); len(v) > 0 {
					fmt.Fprintf(w, "   %-5s%s\n", name, printable(string(v), 110))
				}
			}
			break
		}
	}
	fmt.Fprintln(w)
	names := make([]string, len(l.columns))
	fits := true
	for i, a := range l.columns {
		names[i] = a.String()
		if !a.IsValid() {
			names[i] = "parley " + tidy(l.local).String()
		}
		fits = fits && (len(names[i]) < l.gap || i == len(names)-1)
	}
	if !fits {
		for i, n := range names {
			fmt.Fprintf(w, "%*s%s%s\n", timeWidth, "", l.left(i), n)
		}
	} else {
		fmt.Fprintf(w, "%*s", timeWidth, "")
		for i, n := range names {
			if i < len(names)-1 {
				n = fmt.Sprintf("%-*s", l.gap, n)
			}
			fmt.Fprint(w, n)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%*s%s\n", timeWidth, "", l.bars(-1, -1, ""))
}

// left is the bars of the first n columns.
func (l *ladder) left(n int) string { return strings.Repeat("│"+strings.Repeat(" ", l.gap-1), n) }

// bars is a line of the diagram, with an arrow between two columns unless from is -1.
func (l *ladder) bars(from, to int, label string) string {
	lo, hi := min(from, to), max(from, to)
	var b strings.Builder
	for i := 0; i < len(l.columns); i++ {
		b.WriteString("│")
		switch {
		case i == len(l.columns)-1:
		case from >= 0 && i == lo && hi > lo:
			b.WriteString(arrow(label, (hi-lo)*l.gap-1, from < to))
			i = hi - 1
		default:
			b.WriteString(strings.Repeat(" ", l.gap-1))
		}
	}
	return b.String()
}

// arrow is a line of that width with a label in its middle.
func arrow(label string, width int, right bool) string {
	label = " " + cut(label, width-6) + " "
	line := width - 1 - utf8.RuneCountInString(label)
	before := strings.Repeat("─", line/2)
	after := strings.Repeat("─", line-line/2)
	if right {
		return before + label + after + "▶"
	}
	return "◀" + before + label + after
}

func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// row prints one message; before are those that came earlier.
func (l *ladder) row(w io.Writer, m Message, before []Message) {
	us, them := l.column(netip.AddrPort{}), l.column(tidy(m.Remote))
	t := titleOf(m)
	var notes []string
	if them < 0 { // shares the last column
		them = len(l.columns) - 1
		notes = append(notes, tidy(m.Remote).String())
	}
	from, to := them, us
	if m.Out {
		from, to = us, them
	}
	if len(l.ids) > 1 {
		notes = append(notes, letter(l.dialog(string(callID(m.Raw)))))
	}
	if seq, method, _ := strings.Cut(t.cseq, " "); method == t.what {
		notes = append(notes, seq)
	} else {
		notes = append(notes, t.cseq)
	}
	if m.Network != "UDP" {
		notes = append(notes, m.Network)
	}
	if repeated(m, before) {
		notes = append(notes, "retransmission")
	} else if s := summary(m.Raw); s != "" {
		notes = append(notes, s)
	} else if s := reason(m.Raw, t); s != "" {
		notes = append(notes, s)
	}
	line := fmt.Sprintf("%*s  %s  %s", timeWidth-2, offset(m.At.Sub(l.began)), l.bars(from, to, t.what), strings.Join(notes, " · "))
	fmt.Fprintln(w, cut(strings.TrimRight(line, " "), ladderWidth))
}

// offset is a time since the beginning, in milliseconds.
func offset(d time.Duration) string {
	return fmt.Sprintf("+%d.%d ms", d.Milliseconds(), d.Microseconds()/100%10)
}

// reason is why, in the words of whoever sent it: of a call that ended, of one that was refused, of one that is to be moved.
func reason(raw []byte, t title) string {
	name := map[bool]string{true: "warning", false: "reason"}[t.code >= 300]
	if t.what == "REFER" {
		name = "refer-to"
	}
	return printable(string(field(raw, name, name)), 60)
}

// repeatWithin is how long a message may be sent anew: 64·T1 (RFC 3261 §17), and some delay.
const repeatWithin = 35 * time.Second

// repeated reports whether a message is one of those before it once more.
func repeated(m Message, before []Message) bool {
	for i := len(before) - 1; i >= 0 && m.At.Sub(before[i].At) < repeatWithin; i-- {
		b := before[i]
		if b.Out == m.Out && b.Remote == m.Remote && bytes.Equal(b.Raw, m.Raw) {
			return true
		}
	}
	return false
}
