package main

import (
	"fmt"
	"math"
	"strings"
)

// report is Markdown: what a unit costs, what a node carries, what sizes need, and what gives out.
func report(c [lastCost]cost, sizes []float64) string {
	var b strings.Builder
	b.WriteString("**Measured** ([performance](performance.md))\n\n| | | |\n|---|---|---|\n")
	for _, x := range c {
		if x.flag == "" {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", x.what, quantity(x), x.how)
		}
	}
	b.WriteString("\n**Assumed**: change them by their flags\n\n| | | |\n|---|---|---|\n")
	for _, x := range c {
		if x.flag != "" {
			fmt.Fprintf(&b, "| %s | %s | `--%s` |\n", x.what, quantity(x), x.flag)
		}
	}
	needs := make([]need, len(sizes))
	head, rule := "\n| calls at once |", "|---|"
	for i, n := range sizes {
		needs[i] = reckon(c, n)
		head += fmt.Sprintf(" %s |", number(n))
		rule += "---|"
	}
	per, bound := oneNode(c)
	fmt.Fprintf(&b, "\n**One node** carries %s calls: its %s has room for no more.\n\n**Needed**\n%s\n%s\n", number(per), bound, head, rule)
	row := func(name string, f func(need) string) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, n := range needs {
			fmt.Fprintf(&b, " %s |", f(n))
		}
		b.WriteString("\n")
	}
	row("nodes", func(n need) string { return number(n.nodes) })
	row("set-ups a second", func(n need) string { return number(n.setups) })
	row("turns answered a second: requests to models", func(n need) string { return number(n.requests) })
	row("vendors' streams: hearing, thinking, speaking", func(n need) string { return number(n.streams) })
	row("PostgreSQL: rows written a second", func(n need) string { return number(n.rows) })
	row("PostgreSQL: WAL a second", func(n need) string { return number(n.wal) + " MB" })
	row("PostgreSQL: kept more each day", func(n need) string { return number(n.kept) + " GB" })
	row("recordings: written a second", func(n need) string { return number(n.record) + " MB" })
	row("recordings: kept, as WAV", func(n need) string { return number(n.sounds) + " TB" })
	row("webhooks a second", func(n need) string { return number(n.webhooks) })
	row("NATS messages a second", func(n need) string { return number(n.messages) })
	b.WriteString("\n**What gives out first**: how many of each are needed, where there is one to begin with\n")
	for _, n := range needs {
		fmt.Fprintf(&b, "\n| %s calls | needed | then |\n|---|---|---|\n", number(n.calls))
		for _, p := range n.parts(c) {
			then := p.then
			if p.full <= 1 {
				then = "suffices"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", p.name, number(p.full), then)
		}
	}
	return b.String()
}

func quantity(c cost) string { return strings.TrimSpace(number(c.value) + " " + c.unit) }

// number writes three digits that count, and thousands with commas.
func number(n float64) string {
	if n > 0 && n < 0.005 {
		return "< 0.01"
	}
	if n < 100 {
		digits := 2 - int(math.Floor(math.Log10(max(n, 1e-2))))
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.*f", min(digits, 2), n), "0"), ".")
	}
	scale := math.Pow(10, math.Floor(math.Log10(n))-2)
	whole := fmt.Sprintf("%.0f", math.Round(n/scale)*scale)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole
}
