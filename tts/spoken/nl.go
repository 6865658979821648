package spoken

import "strings"

var (
	nlOnes = strings.Fields("nul één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien")
	nlTens = strings.Fields("- - twintig dertig veertig vijftig zestig zeventig tachtig negentig")
	nlBig  = strings.Fields("- duizend miljoen miljard biljoen")
	nlDays = strings.Fields("- januari februari maart april mei juni juli augustus september oktober november december")
)

func dutch() *language {
	return &language{
		code: "nl", decimal: ',', pairs: true,
		digits:   [10]string(nlOnes[:10]),
		cardinal: func(n uint64, _ form) string { return nlCardinal(n) },
		ordinal:  func(n uint64, _ form) string { return nlOrdinal(n) },
		year:     nlYear,
		date: func(d day, _ string) string {
			return dated(nlCardinal(uint64(d.day)), " ", nlDays, d, nlYear)
		},
		clock: func(c moment) string {
			words := nlCardinal(uint64(c.hours())) + " uur"
			return joined(words, " ", uint64(c.minute), nlCardinal)
		},
		ordinals: func(s string) (int, form) {
			for _, e := range [...]string{"ste", "de", "e"} {
				if strings.HasPrefix(s, e) {
					return len(e), alone
				}
			}
			return 0, alone
		},
		words: words{point: "komma", minus: "min", to: "tot", percent: "procent", and: "en", number: "nummer", at: "apenstaartje", dot: "punt", slash: "slash",
			dash: "streepje", underscore: "laag streepje", plus: "plus", equals: "is gelijk aan", question: "vraagteken", colon: "dubbele punt", hash: "hekje",
			version: "versie", shares: [5]string{"een half", "een kwart", "drie kwart", "een derde", "twee derde"}, cents: " en "},
		tables: tables{
			months: monthsOf("januari februari maart april mei juni juli augustus september oktober november december"),
			money: moneyOf(`EUR = euro / cent; USD = dollar / cent; GBP = pond / pence; CHF = Zwitserse frank; JPY = yen; INR = roepie; KRW = won; BRL = real; IDR = roepia;
				MXN = peso; CAD = Canadese dollar; AUD = Australische dollar`),
			magnitudes: pairs("duizend = duizend; miljoen mln mln. = miljoen; miljard mld mld. = miljard"),
			units: unitsOf(`kg = kilogram; g = gram; mg = milligram; km = kilometer; m = meter; cm = centimeter; mm = millimeter; l L = liter; ml = milliliter; km/h km/u = kilometer per uur;
				°C ℃ = graad Celsius, graden Celsius; °F = graad Fahrenheit, graden Fahrenheit; ° = graad, graden; KB kB = kilobyte; MB = megabyte; GB = gigabyte; TB = terabyte; Mbps = megabit per seconde; kW = kilowatt; kWh = kilowattuur;
				W = watt; V = volt; Hz = hertz; min = minuut, minuten; s sec = seconde, seconden; u = uur; m² = vierkante meter; m³ = kubieke meter`),
			abbreviations: pairs(`dhr. = de heer; mevr. mw. = mevrouw; dr. = dokter; prof. = professor; drs. = doctorandus; mr. = meester; ir. = ingenieur; bijv. bv. = bijvoorbeeld; enz. = enzovoort; o.a. = onder andere; d.w.z. = dat wil zeggen;
				m.b.t. = met betrekking tot; t.a.v. = ter attentie van; i.p.v. = in plaats van; ca. = circa; blz. = bladzijde; nr. = nummer; tel. = telefoon; str. = straat; incl. = inclusief; excl. = exclusief; max. = maximaal; min. = minimaal; a.u.b. = alstublieft; evt. = eventueel; btw = B T W; i.v.m. = in verband met; n.v.t. = niet van toepassing`),
			codes:    set("pin iban code pincode postcode nummer toestel rekening bestelling ordernummer klantnummer vlucht referentie bestelnummer"),
			weekdays: pairs(`maandag ma = maandag; dinsdag di = dinsdag; woensdag wo = woensdag; donderdag do = donderdag; vrijdag vr = vrijdag; zaterdag za = zaterdag; zondag zo = zondag`),
			between:  set("tussen"),
			dated:    set("op van tot"),
			per:      per("per", `mnd = per maand`),
			outOf:    "van de",
			is:       set("is nummer met op"),
			chapters: set("hoofdstuk deel fase type artikel klasse niveau wereldoorlog"),
			years:    set("in sinds van vanaf tot jaar voor na anno"),
		},
	}
}

func nlYear(n uint64) string {
	if n >= 1100 && n < 2000 && n%100 > 0 {
		return nlCardinal(n/100) + nlCardinal(n%100)
	} else if n < 2000 && n%1000 > 0 {
		return nlCardinal(n/100) + "honderd"
	}
	return nlCardinal(n)
}

func nlCardinal(n uint64) string {
	switch {
	case n < 20:
		return nlOnes[n]
	case n < 100 && n%10 == 0:
		return nlTens[n/10]
	case n < 100:
		ones := nlOnes[n%10]
		switch n % 10 {
		case 1:
			return "eenen" + nlTens[n/10]
		case 2, 3:
			return ones + "ën" + nlTens[n/10]
		}
		return ones + "en" + nlTens[n/10]
	case n < 1000:
		head := "honderd"
		if n >= 200 {
			head = nlOnes[n/100] + head
		}
		return joined(head, "", n%100, nlCardinal)
	}
	return byThousands(n, func(k uint64, power int) string {
		switch {
		case power == 1 && k == 1:
			return "duizend"
		case power == 1:
			return nlCardinal(k) + "duizend"
		}
		return nlCardinal(k) + " " + nlBig[power]
	}, nlCardinal)
}

func nlOrdinal(n uint64) string {
	words := nlCardinal(n)
	switch n % 100 {
	case 1:
		return strings.TrimSuffix(words, "één") + "eerste"
	case 3:
		return strings.TrimSuffix(words, "drie") + "derde"
	case 8:
		return words + "ste"
	}
	if r := n % 100; r > 0 && r < 20 {
		return words + "de"
	}
	return words + "ste"
}
