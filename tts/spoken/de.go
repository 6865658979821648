package spoken

import (
	"slices"
	"strings"
)

var (
	deOnes = strings.Fields("null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn")
	deTens = strings.Fields("- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
	deBig  = [][2]string{2: {"Million", "Millionen"}, {"Milliarde", "Milliarden"}, {"Billion", "Billionen"}}
	deDays = strings.Fields("- Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
)

func german() *language {
	return &language{
		code: "de", decimal: ',',
		digits:   [10]string{"null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"},
		cardinal: deCardinal,
		ordinal:  func(n uint64, _ form) string { return deOrdinal(n) + "e" },
		year:     deYear,
		varies:   func(n uint64) bool { return n == 1 },
		date:     deDate,
		clock: func(c moment) string {
			words := deCardinal(uint64(c.hours()), masculine) + " Uhr"
			if c.minute == 0 {
				return words
			}
			return words + " " + deCardinal(uint64(c.minute), alone)
		},
		words: words{point: "Komma", minus: "minus", to: "bis", percent: "Prozent", and: "und", number: "Nummer", at: "ät", dot: "Punkt", slash: "Schrägstrich",
			dash: "Bindestrich", underscore: "Unterstrich", plus: "plus", equals: "gleich", question: "Fragezeichen", colon: "Doppelpunkt", hash: "Raute",
			version: "Version", shares: [5]string{"ein halb", "ein Viertel", "drei Viertel", "ein Drittel", "zwei Drittel"}, cents: " und "},
		tables: tables{
			months: monthsOf("januar|jänner februar märz april mai juni juli august september oktober november dezember"),
			money: moneyOf(`EUR = Euro / Cent; USD = Dollar / Cent; GBP = Pfund / Pence; CHF = Franken / Rappen; JPY = Yen; INR = *Rupie, Rupien; KRW = Won;
				BRL = Real; IDR = *Rupiah; MXN = Pesos; CAD = kanadische Dollar; AUD = australische Dollar`),
			magnitudes: pairs("tsd. = tausend; mio. mio millionen = Millionen; million = Million; mrd. mrd milliarden = Milliarden; milliarde = Milliarde"),
			units: unitsOf(`kg = Kilogramm; g = Gramm; mg = Milligramm; km = Kilometer; m = Meter; cm = Zentimeter; mm = Millimeter; l L = Liter; ml = Milliliter;
				km/h = Kilometer pro Stunde; °C ℃ = Grad Celsius; °F = Grad Fahrenheit; ° = Grad; KB kB = Kilobyte; MB = Megabyte; GB = Gigabyte;
				TB = Terabyte; Mbit/s = Megabit pro Sekunde; kW = Kilowatt; kWh = *Kilowattstunde, Kilowattstunden; W = Watt; V = Volt; Hz = Hertz; MHz = Megahertz;
				GHz = Gigahertz; Min min = *Minute, Minuten; Sek s = *Sekunde, Sekunden; Std h = *Stunde, Stunden; m² qm = Quadratmeter; m³ = Kubikmeter`),
			abbreviations: pairs(`z.b. = zum Beispiel; d.h. = das heißt; u.a. = unter anderem; bzw. = beziehungsweise; ca. = zirka; usw. = und so weiter; evtl. = eventuell;
				ggf. = gegebenenfalls; inkl. = inklusive; exkl. = exklusive; zzgl. = zuzüglich; abzgl. = abzüglich; vgl. = vergleiche; tel. = Telefon; nr. = Nummer; str. = Straße;
				hr. = Herr; fr. = Frau; dr. = Doktor; prof. = Professor; dipl. = Diplom; std. = Stunden; min. = Minuten; max. = maximal; mind. = mindestens; abs. = Absatz; jh. = Jahrhundert; i.d.r. = in der Regel;
				o.ä. = oder Ähnliches; v.a. = vor allem; u.u. = unter Umständen; z.t. = zum Teil; mwst. mwst = Mehrwertsteuer; plz = Postleitzahl; bspw. = beispielsweise; sog. = sogenannt; st. = Sankt`),
			codes:    set("plz iban postleitzahl pin code nummer kundennummer bestellnummer auftragsnummer rechnungsnummer durchwahl flug endziffern artikelnummer kontonummer"),
			weekdays: pairs(`montag mo = Montag; dienstag di = Dienstag; mittwoch mi = Mittwoch; donnerstag do = Donnerstag; freitag fr = Freitag; samstag sa = Samstag; sonntag so = Sonntag`),
			between:  set("zwischen"),
			dated:    set("am vom zum bis den dem der ab seit montag dienstag mittwoch donnerstag freitag samstag sonntag"),
			per:      per("pro", `std = pro Stunde`),
			outOf:    "von",
			is:       set("ist lautet nummer mit auf"),
			chapters: set("kapitel teil band akt artikel klasse stufe phase abschnitt weltkrieg"),
			years:    set("jahr seit von bis anno im um ab"),
		},
	}
}

func deCardinal(n uint64, f form) string {
	switch {
	case n == 1:
		return [...]string{"eins", "ein", "eine"}[f]
	case n >= 1_000_000:
		words := byThousands(n/1_000_000*1_000_000, func(k uint64, power int) string {
			if k == 1 {
				return "eine " + deBig[power][0]
			}
			return deUnder(k) + " " + deBig[power][1]
		}, nil)
		return joined(words, " ", n%1_000_000, func(r uint64) string { return deCardinal(r, f) })
	}
	words := deUnder(n)
	if f == alone && strings.HasSuffix(words, "hundertein") || f == alone && strings.HasSuffix(words, "tausendein") {
		words += "s"
	}
	return words
}

// deUnder is n under a million as other words have it before them.
func deUnder(n uint64) string {
	switch {
	case n < 20:
		return deOnes[n]
	case n < 100 && n%10 == 0:
		return deTens[n/10]
	case n < 100:
		return deOnes[n%10] + "und" + deTens[n/10]
	case n < 1000:
		return joined(deOnes[n/100]+"hundert", "", n%100, deUnder)
	}
	return joined(deUnder(n/1000)+"tausend", "", n%1000, deUnder)
}

func deYear(n uint64) string {
	if n >= 1100 && n < 2000 {
		return joined(deUnder(n/100)+"hundert", "", n%100, func(r uint64) string { return deCardinal(r, alone) })
	}
	return deCardinal(n, alone)
}

// deOrdinal is without its ending: erst, zweit.
func deOrdinal(n uint64) string {
	switch {
	case n > 100 && n%100 > 0:
		return deUnder(n-n%100) + deOrdinal(n%100)
	case n == 1:
		return "erst"
	case n == 3:
		return "dritt"
	case n == 7:
		return "siebt"
	case n == 8:
		return "acht"
	case n < 20:
		return deOnes[n] + "t"
	}
	return deUnder(n) + "st"
}

// deDate has the day in the case that the word before it wants.
func deDate(d day, last string) string {
	words := deOrdinal(uint64(d.day))
	switch {
	case slices.Contains([]string{"am", "vom", "zum", "dem", "den", "im", "beim", "ab", "bis", "seit", "diesen", "diesem"}, last):
		words += "en"
	case slices.Contains([]string{"der", "dieser"}, last):
		words += "e"
	default:
		words += "er"
	}
	if d.month > 0 {
		words += " " + deDays[d.month]
	}
	if d.year > 0 {
		words += " " + deYear(uint64(d.year))
	}
	return words
}

// ranked says an ordinal in the case that the words before it want: im 2. Stock, die 3. Mahnung.
func (p *piece) ranked(f *figure) bool {
	if p.language.code != "de" || f.part != "" || f.grouped || len(f.digits) > 3 || f.whole() == 0 {
		return false
	}
	s := p.text[p.at+f.n:]
	if !strings.HasPrefix(s, ".") {
		return false
	}
	after := s[1:]
	ending := ""
	switch {
	case deObliques[p.last], p.last == "der" && deDatives[p.second]:
		ending = "en"
	case deWeak[p.last]:
		ending = "e"
	case deStrong[p.last] && capital(after): // ihr 1. Termin: the voice sees the noun
		p.keep(f.n)
		return true
	default:
		return false
	}
	end := strings.TrimSpace(after) == ""
	if end && !dePlain[p.last] || !end && space(after) == 0 {
		return false
	}
	n := wordLen(after[space(after):])
	if !end && (n == 0 || deBegins[strings.ToLower(after[space(after):][:n])]) {
		return false
	}
	n = f.n
	if !end {
		n++
	}
	p.say(n, deOrdinal(f.whole())+ending)
	return true
}

var (
	dePlain    = set("am vom zum")
	deObliques = set("am vom zum im beim dem den des bis ab seit zur diesem diesen jedem jeden einem einen einer ihrem ihren ihrer meinem meinen meiner unserem unseren unserer")
	deDatives  = set("in mit zu von auf bei nach aus seit an vor unter über neben hinter während wegen")
	deWeak     = set("der die das dieser diese dieses ihre eine meine unsere seine keine jede jedes welche")
	deStrong   = set("ein ihr mein dein sein unser kein")
	deBegins   = set("ich wir sie er es dann danach bitte möchten haben kann aber wenn dort hier so")
)
