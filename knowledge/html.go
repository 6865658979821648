package knowledge

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// unread are elements that say nothing about the matter: programs, forms' parts, and the ways around a site.
var unread = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Svg: true, atom.Iframe: true, atom.Head: true,
	atom.Nav: true, atom.Footer: true, atom.Select: true, atom.Button: true, atom.Textarea: true, atom.Object: true, atom.Canvas: true,
}

// flowing are the elements that stand within a line; all others begin a new one.
var flowing = map[atom.Atom]bool{
	atom.A: true, atom.Abbr: true, atom.B: true, atom.Bdi: true, atom.Bdo: true, atom.Cite: true, atom.Code: true, atom.Data: true, atom.Del: true,
	atom.Dfn: true, atom.Em: true, atom.Font: true, atom.I: true, atom.Ins: true, atom.Kbd: true, atom.Label: true, atom.Mark: true, atom.Q: true,
	atom.S: true, atom.Samp: true, atom.Small: true, atom.Span: true, atom.Strong: true, atom.Sub: true, atom.Sup: true, atom.Time: true,
	atom.Tt: true, atom.U: true, atom.Var: true, atom.Wbr: true, atom.Img: true, atom.Input: true,
}

// hypertext reads HTML, a page or a piece of one. What nests too deeply to be a page is read as far as its tags go: as text.
func hypertext(content string) []block {
	doc, err := html.Parse(strings.NewReader(content))
	if err != nil {
		return plain(tagless(content))
	}
	var p page
	p.read(doc)
	p.put()
	return p.blocks
}

// tagless is the text between tags.
func tagless(content string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(content))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.Write(z.Text())
		default:
			b.WriteByte('\n')
		}
	}
}

type page struct {
	blocks []block
	text   strings.Builder
}

func (p *page) put() {
	if s := strings.TrimSpace(p.text.String()); s != "" {
		p.blocks = append(p.blocks, block{text: s})
	}
	p.text.Reset()
}

// write puts text into the paragraph; white space in a row is one space.
func (p *page) write(s string) {
	words := strings.Fields(s)
	if len(words) == 0 || strings.TrimLeft(s, " \t\r\n\f") != s {
		p.space()
	}
	p.text.WriteString(strings.Join(words, " "))
	if len(words) > 0 && strings.TrimRight(s, " \t\r\n\f") != s {
		p.space()
	}
}

func (p *page) space() {
	if s := p.text.String(); s != "" && !strings.HasSuffix(s, " ") && !strings.HasSuffix(s, "\n") {
		p.text.WriteByte(' ')
	}
}

func (p *page) line() {
	if s := p.text.String(); s != "" && !strings.HasSuffix(s, "\n") {
		p.text.WriteByte('\n')
	}
}

// read puts what a node says into blocks. The parser bounds how deeply nodes nest.
func (p *page) read(n *html.Node) {
	if n.Type == html.TextNode {
		p.write(n.Data)
		return
	}
	if n.Type == html.ElementNode {
		if unread[n.DataAtom] || has(n, "hidden") {
			return
		}
		switch n.DataAtom {
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
			p.put()
			p.blocks = append(p.blocks, block{int(n.Data[1] - '0'), said(n)})
			return
		case atom.Table:
			p.put()
			rows, headed := rowsOf(n)
			p.blocks = append(p.blocks, block{text: table(rows, headed)})
			return
		case atom.Br:
			p.line()
			return
		case atom.Li:
			p.line()
			p.text.WriteString("- ")
		case atom.Dt, atom.Dd, atom.Tr:
			p.line()
		case atom.Ul, atom.Ol, atom.Dl:
		default:
			if !flowing[n.DataAtom] && !within(n, atom.Li, atom.Dd) {
				p.put()
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.read(c)
	}
	switch {
	case n.Type != html.ElementNode || flowing[n.DataAtom]:
	case n.DataAtom == atom.Li || n.DataAtom == atom.Dt || n.DataAtom == atom.Dd || within(n, atom.Li, atom.Dd):
		p.line()
	default:
		p.put()
	}
}

// said is all text of a node, in one line.
func said(n *html.Node) string {
	var p page
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.read(c)
	}
	p.put()
	texts := make([]string, len(p.blocks))
	for i, b := range p.blocks {
		texts[i] = b.text
	}
	return strings.Join(strings.Fields(strings.Join(texts, " ")), " ")
}

// rowsOf are a table's cells. It is headed when its first row has heads alone.
func rowsOf(t *html.Node) (rows [][]string, headed bool) {
	for n := range t.Descendants() {
		if n.DataAtom != atom.Tr || nearest(n, atom.Table) != t {
			continue
		}
		var cells []string
		heads := true
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
				cells = append(cells, said(c))
				heads = heads && c.DataAtom == atom.Th
			}
		}
		if len(rows) == 0 {
			headed = heads
		}
		rows = append(rows, cells)
	}
	return rows, headed
}

func nearest(n *html.Node, a atom.Atom) *html.Node {
	for p := range n.Ancestors() {
		if p.DataAtom == a {
			return p
		}
	}
	return nil
}

// within reports whether a node stands in one of these.
func within(n *html.Node, atoms ...atom.Atom) bool {
	for _, a := range atoms {
		if nearest(n, a) != nil {
			return true
		}
	}
	return false
}

func has(n *html.Node, attribute string) bool {
	for _, a := range n.Attr {
		if a.Key == attribute {
			return true
		}
	}
	return false
}
