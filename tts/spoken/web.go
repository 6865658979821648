package spoken

import (
	"strings"
)

// longAddress is how many bytes of an address are read out; nobody listens longer.
const longAddress = 200

// web says the addresses of pages and mailboxes.
func (p *piece) web() bool {
	s := p.next()
	n, ats, points := 0, 0, 0
	for n < len(s) && n < 2*longAddress && inAddress(s[n]) {
		switch s[n] {
		case '@':
			ats++
		case '.', ':':
			points++
		}
		n++
	}
	if ats+points == 0 {
		return false
	}
	n = len(strings.TrimRight(s[:n], ".,:;!?'&=+-*"))
	a := s[:n]
	switch {
	case ats == 1 && mailbox(a):
		p.say(n, p.language.address(a, false))
		return true
	case scheme(a) > 0:
		p.say(n, p.language.address(a[scheme(a):], true))
		return true
	case host(a):
		p.say(n, p.language.address(a, true))
		return true
	}
	return false
}

var addresses = func() (is [256]bool) {
	for b := range is {
		is[b] = asciiLetter(byte(b)) || digit(byte(b)) || strings.IndexByte("._~:/?#@!&'*+;=%-", byte(b)) >= 0
	}
	return is
}()

func inAddress(b byte) bool { return addresses[b] }

func mailbox(a string) bool {
	user, domain, _ := strings.Cut(a, "@")
	return user != "" && !strings.ContainsAny(a, "/:?#;&=!") && strings.IndexByte(domain, '.') > 0 && !strings.Contains(domain, "..") && endsWord(domain)
}

func scheme(a string) int {
	for _, s := range [...]string{"https://", "http://", "www."} {
		if len(a) > len(s) && strings.EqualFold(a[:len(s)], s) && startsWord(a[len(s):]) {
			if s != "www." && len(a) > len(s)+4 && strings.EqualFold(a[len(s):len(s)+4], "www.") {
				return len(s) + 4
			}
			if s == "www." && !strings.Contains(a[4:], ".") {
				return 0
			}
			return len(s)
		}
	}
	return 0
}

// ends are what addresses end with; those of them that are words need more than one point before or a path behind.
var (
	ends = set("com org net edu gov io ai app dev info biz co de fr es nl pt br mx ar cl jp kr id uk us ca ch eu gg tv shop online store " +
		"pdf doc docx txt csv zip jpg png mp3 html")
	ended = set("it in is at be no me to so am my")
)

// host reports whether a is the address of a page without its scheme: example.com, shop.example.co.uk/returns.
func host(a string) bool {
	name, path := a, false
	if i := strings.IndexAny(a, "/?#:"); i >= 0 {
		name, path = a[:i], i+1 < len(a) && a[i] == '/'
		if a[i] != '/' {
			return false
		}
	}
	i := strings.LastIndexByte(name, '.')
	if i < 2 || !asciiLetter(name[i-1]) && !digit(name[i-1]) || strings.Contains(name, "..") || strings.ContainsAny(name, "@&'*+;=!%~") {
		return false
	}
	end := name[i+1:]
	return ends[end] && letters(name[:i]) || ended[end] && (path || strings.Count(name, ".") > 1) && letters(name[:i])
}

func letters(s string) bool {
	for i := range len(s) {
		if asciiLetter(s[i]) {
			return true
		}
	}
	return false
}

// address says what an address is made of, word by word. page: it is none of a mailbox.
func (l *language) address(a string, page bool) string {
	if len(a) > longAddress {
		a = a[:longAddress]
	}
	if page {
		a = strings.TrimRight(a, "/")
	}
	var b strings.Builder
	put := func(w string) {
		if w == "" {
			return
		}
		if b.Len() > 0 && l.cardinal != nil {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	domain := strings.LastIndexByte(a, '@') + 1
	path := len(a)
	if i := strings.IndexAny(a, "/?#"); page && i >= 0 {
		path = i
	}
	for i := 0; i < len(a); {
		c := a[i]
		n := 1
		switch {
		case asciiLetter(c):
			for i+n < len(a) && asciiLetter(a[i+n]) {
				n++
			}
			w := a[i : i+n]
			if n == 2 && i >= domain && i < path && i+n == path && w != "co" { // a country
				w = strings.ToUpper(w[:1] + " " + w[1:])
			}
			put(w)
		case digit(c):
			n = digits(a[i:])
			put(l.small(a[i : i+n]))
		default:
			put(l.inAddress(c))
		}
		i += n
	}
	return b.String()
}

func (l *language) inAddress(c byte) string {
	w := &l.words
	switch c {
	case '@':
		return w.at
	case '.':
		return w.dot
	case '/':
		return w.slash
	case '-':
		return w.dash
	case '_':
		return w.underscore
	case '+':
		return w.plus
	case '=':
		return w.equals
	case '?':
		return w.question
	case '&':
		return w.and
	case ':':
		return w.colon
	case '#':
		return w.hash
	case '%':
		return w.percent
	}
	return ""
}
