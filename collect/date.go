package collect

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

const isoDay = "2006-01-02"

// oldest and furthest years that a date is taken of.
const (
	firstYear = 1880
	lastYear  = 2199
)

var errDate = errors.New("it is no date: give it as YYYY-MM-DD")

// date reads a day and gives it as YYYY-MM-DD. One without a year is the next that comes.
func (w *words) date(said string, now time.Time) (string, error) {
	if t, err := time.Parse(isoDay, strings.TrimSpace(said)); err == nil {
		return dayOf(t.Year(), int(t.Month()), t.Day())
	}
	if d, ok := w.relative(tokens(said), now); ok {
		return d.Format(isoDay), nil
	}
	list := tokens(unjoined(said))
	if d, m, y, ok := w.named(list); ok {
		if y == 0 {
			return next(now, m, d)
		}
		return dayOf(century(y, now), m, d)
	}
	var n []int
	for _, t := range list {
		if isDigits(t) && len(t) <= 4 {
			v, _ := strconv.Atoi(t)
			n = append(n, v)
		}
	}
	switch {
	case len(n) == 3 && n[0] > 31:
		return dayOf(n[0], n[1], n[2])
	case len(n) == 3 && w.ordered(n[0], n[1]):
		return dayOf(century(n[2], now), n[1], n[0])
	case len(n) == 3:
		return dayOf(century(n[2], now), n[0], n[1])
	case len(n) == 2 && w.ordered(n[0], n[1]):
		return next(now, n[1], n[0])
	case len(n) == 2:
		return next(now, n[0], n[1])
	}
	return "", errDate
}

// ordered reports whether of two numbers the day comes first.
func (w *words) ordered(a, b int) bool { return a > 12 || w.dayFirst && b <= 12 }

// unjoined parts 3月4日, 3월 4일 and 3rd.
func unjoined(s string) string {
	return strings.NewReplacer("年", " ", "月", "月 ", "日", " ", "년", " ", "월", "월 ", "일 ", " ").Replace(s + " ")
}

// relative reads today, tomorrow and days of the week, which are the next of their name.
func (w *words) relative(list []string, now time.Time) (time.Time, bool) {
	joined := " " + strings.Join(list, " ") + " "
	if slices.ContainsFunc(list, func(t string) bool { return strings.ContainsAny(t, "0123456789") || w.alsos[t] > 0 || w.monthOf(t) > 0 }) {
		return now, false
	}
	best, days := "", 0
	for name, d := range w.days {
		if w.says(joined, name) && len(name) > len(best) {
			best, days = name, d
		}
	}
	if best != "" {
		return now.AddDate(0, 0, days), true
	}
	for name, d := range w.weekdays {
		if w.says(joined, name) {
			ahead := (d - int(now.Weekday()) + 7) % 7
			if ahead == 0 {
				ahead = 7
			}
			return now.AddDate(0, 0, ahead), true
		}
	}
	return now, false
}

func (w *words) says(joined, name string) bool {
	if w.code == "ja" || w.code == "ko" {
		return strings.Contains(joined, name)
	}
	return strings.Contains(joined, " "+name+" ")
}

// named reads a date with the name of a month; y 0: without a year.
func (w *words) named(list []string) (d, m, y int, ok bool) {
	at := -1
	for i, t := range list {
		if m = w.monthOf(t); m > 0 {
			at = i
			break
		}
	}
	if at < 0 {
		return 0, 0, 0, false
	}
	before, after := w.numbers(list[:at]), w.numbers(list[at+1:])
	all := append(slices.Clone(before), after...)
	switch {
	case len(all) == 0 || len(all) > 3:
		return 0, 0, 0, false
	case len(all) == 3 && all[1] < 100 && all[2] < 100: // nineteen eighty-five, said as two
		all = []int{all[0], all[1]*100 + all[2]}
	case len(all) == 3:
		return 0, 0, 0, false
	}
	d = all[0]
	if len(all) == 2 {
		y = all[1]
		if d > 31 { // 1985 March 3
			d, y = y, d
		}
	}
	return d, m, y, true
}

func (w *words) monthOf(token string) int {
	for i, name := range w.months {
		if strings.EqualFold(name, token) {
			return i + 1
		}
	}
	return w.alsos[token]
}

// numbers are those in words, "3rd" and "third" among them.
func (w *words) numbers(list []string) (all []int) {
	for i := 0; i < len(list); {
		if n := ordinal(w.code, list[i]); n > 0 {
			if len(all) > 0 && (all[len(all)-1] == 20 || all[len(all)-1] == 30) && n < 10 { // twenty first
				all[len(all)-1] += n
			} else {
				all = append(all, n)
			}
			i++
			continue
		}
		if list[i] == "thousand" && len(all) > 0 && all[len(all)-1] == 2 { // two thousand and five
			all[len(all)-1] = 2000
			rest := w.numbers(list[i+1:])
			if len(rest) == 1 && rest[0] < 100 {
				all[len(all)-1] += rest[0]
				return all
			}
			return append(all, rest...)
		}
		d, took := w.numerals.number(list[i:])
		if took == 0 {
			i++
			continue
		}
		if v, err := strconv.Atoi(d); err == nil && len(d) <= 4 {
			all = append(all, v)
		}
		i += took
	}
	return all
}

// ordinals of English, from first; what other languages say are plain numbers, or 1er and 1º.
var ordinals = numbered("first,erste,ersten,premier,primero,primeiro,primo|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|"+
	"sixteenth|seventeenth|eighteenth|nineteenth|twentieth", 1)

func ordinal(code, token string) int {
	if n := ordinals[token]; n > 0 {
		return n
	}
	if code == "en" && token == "thirtieth" {
		return 30
	}
	digits := strings.TrimRight(token, "stndrheoªº")
	if digits != token && isDigits(digits) && len(digits) <= 2 {
		n, _ := strconv.Atoi(digits)
		return n
	}
	return 0
}

// century gives a year of two digits its hundreds: no further ahead than ten years.
func century(y int, now time.Time) int {
	if y >= 100 {
		return y
	}
	y += now.Year() / 100 * 100
	if y > now.Year()+10 {
		y -= 100
	}
	return y
}

// dayOf is a day, if there is one.
func dayOf(y, m, d int) (string, error) {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if m < 1 || m > 12 || t.Day() != d || t.Month() != time.Month(m) {
		return "", errors.New("there is no such day: give it as YYYY-MM-DD")
	}
	if y < firstYear || y > lastYear {
		return "", errors.New("its year cannot be right: give it as YYYY-MM-DD")
	}
	return t.Format(isoDay), nil
}

// next is the next such day from now on.
func next(now time.Time, m, d int) (string, error) {
	for y := now.Year(); y < now.Year()+9; y++ { // a 29 February may be eight years away
		t, err := dayOf(y, m, d)
		if err == nil && t >= now.Format(isoDay) {
			return t, nil
		}
	}
	return "", errors.New("there is no such day: give it as YYYY-MM-DD")
}
