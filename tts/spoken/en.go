package spoken

import "strings"

var (
	enOnes = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	enTens = strings.Fields("- - twenty thirty forty fifty sixty seventy eighty ninety")
	enBig  = strings.Fields("- thousand million billion trillion")
	enRank = map[string]string{"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
	enDays = strings.Fields("- January February March April May June July August September October November December")
)

func english() *language {
	return &language{
		code: "en", decimal: '.',
		digits:   [10]string(enOnes[:10]),
		cardinal: func(n uint64, _ form) string { return enCardinal(n) },
		ordinal:  func(n uint64, _ form) string { return enOrdinal(n) },
		year:     enYear,
		date:     enDate,
		clock:    enClock,
		ordinals: func(s string) (int, form) {
			for _, w := range [...]string{"st", "nd", "rd", "th"} {
				if strings.HasPrefix(s, w) || strings.HasPrefix(s, strings.ToUpper(w)) {
					return 2, alone
				}
			}
			return 0, alone
		},
		words: words{point: "point", minus: "minus", to: "to", percent: "percent", and: "and", number: "number", at: "at", dot: "dot", slash: "slash",
			dash: "dash", underscore: "underscore", plus: "plus", equals: "equals", question: "question mark", colon: "colon", hash: "hash",
			version: "version", shares: [5]string{"one half", "one quarter", "three quarters", "one third", "two thirds"}, cents: " and "},
		tables: tables{
			months: monthsOf("january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sep|sept october|oct november|nov december|dec"),
			money: moneyOf(`USD = dollar, dollars / cent, cents; EUR = euro, euros / cent, cents; GBP = pound, pounds / penny, pence;
				JPY = yen; INR = rupee, rupees / paisa, paise; KRW = won; BRL = real, reais / centavo, centavos; IDR = rupiah;
				CHF = Swiss franc, Swiss francs; MXN = Mexican peso, Mexican pesos; CAD = Canadian dollar, Canadian dollars / cent, cents;
				AUD = Australian dollar, Australian dollars / cent, cents`),
			magnitudes: pairs("thousand k K = thousand; million M m mn = million; billion B bn = billion; trillion T tn = trillion; lakh = lakh; crore = crore"),
			units: unitsOf(`kg kgs = kilogram, kilograms; g = gram, grams; mg = milligram, milligrams; lb lbs = pound, pounds; oz = ounce, ounces;
				km = kilometer, kilometers; m = meter, meters; cm = centimeter, centimeters; mm = millimeter, millimeters; mi = mile, miles;
				ft = foot, feet; in = inch, inches; yd yds = yard, yards; l L = liter, liters; ml mL = milliliter, milliliters; gal = gallon, gallons;
				km/h kph = kilometer per hour, kilometers per hour; mph = mile per hour, miles per hour; °C ℃ = degree Celsius, degrees Celsius;
				°F ℉ = degree Fahrenheit, degrees Fahrenheit; ° = degree, degrees; KB kB = kilobyte, kilobytes; MB = megabyte, megabytes;
				GB = gigabyte, gigabytes; TB = terabyte, terabytes; Mbps = megabit per second, megabits per second;
				Gbps = gigabit per second, gigabits per second; kW = kilowatt, kilowatts; kWh = kilowatt hour, kilowatt hours; W = watt, watts;
				V = volt, volts; Hz = hertz; kHz = kilohertz; MHz = megahertz; GHz = gigahertz; min mins = minute, minutes;
				sec secs s = second, seconds; ms = millisecond, milliseconds; h hr hrs = hour, hours; yr yrs = year, years; wk wks = week, weeks;
				m² m2 = square meter, square meters; km² = square kilometer, square kilometers; m³ = cubic meter, cubic meters; pts = points; ¢ = cent, cents`),
			abbreviations: pairs(`mr. = Mister; mrs. = Missus; ms. = Miz; messrs. = Messers; jr. = Junior; sr. = Senior; vs. = versus; etc. = et cetera;
				e.g. = for example; i.e. = that is; approx. = approximately; dept. = department; est. = established; inc. = Incorporated; ltd. = Limited;
				co. = Company; corp. = Corporation; ave. = Avenue; blvd. = Boulevard; rd. = Road; apt. = apartment; hwy. = highway; pkwy. = Parkway;
				ext. = extension; tel. = telephone; fig. = figure; vol. = volume; min. = minimum; max. = maximum; avg. = average; qty. = quantity;
				jan. = January; feb. = February; apr. = April; aug. = August; sept. = September; oct. = October; nov. = November; dec. = December;
				mon. = Monday; tue. tues. = Tuesday; wed. = Wednesday; thu. thurs. = Thursday; fri. = Friday; w/o = without; a.k.a. = also known as; asap = A S A P; p.s. = P S`),
			titles:   pairs("dr. dr = Doctor; prof. = Professor; st. = Saint; mt. = Mount; ft. = Fort; gen. = General; col. = Colonel; capt. = Captain; lt. = Lieutenant; sgt. = Sergeant; rev. = Reverend; gov. = Governor; sen. = Senator; rep. = Representative; hon. = Honorable; fr. = Father; mr = Mister; mrs = Missus"),
			streets:  pairs("st. st = Street; dr. = Drive; ave = Avenue; blvd = Boulevard; rd = Road; ln. ln = Lane; ct. = Court; pl. = Place; sq. = Square; ter. = Terrace; hwy = Highway"),
			codes:    set("code pin iban zip zipcode ext extension account order number flight reference ref confirmation ticket tracking id policy serial ending otp passcode password"),
			weekdays: pairs(`monday mon = Monday; tuesday tue tues = Tuesday; wednesday wed = Wednesday; thursday thu thur thurs = Thursday; friday fri = Friday; saturday sat = Saturday; sunday sun = Sunday`),
			between:  set("between"),
			dated:    set("on by until till before after since"),
			per:      per("per", `mo = per month; hr h = per hour; yr = per year; wk = per week`),
			outOf:    "out of",
			is:       set("is are was be number code in with of"),
			kings:    set("henry louis charles george edward richard william james elizabeth mary philip philippe paul john pius benedict leo francis frederick wilhelm napoleon catherine ivan"),
			chapters: set("chapter part war act phase section volume type stage level class title article appendix unit book grade step mark bowl tier"),
			years:    set("in since from until till year by before after of during circa around"),
		},
	}
}

func enCardinal(n uint64) string {
	switch {
	case n < 20:
		return enOnes[n]
	case n < 100:
		return joined(enTens[n/10], "-", n%10, enCardinal)
	case n < 1000:
		return joined(enOnes[n/100]+" hundred", " ", n%100, enCardinal)
	}
	return byThousands(n, func(k uint64, power int) string { return enCardinal(k) + " " + enBig[power] }, enCardinal)
}

// joined is head, and rest in words unless it is nothing.
func joined(head, sep string, rest uint64, say func(uint64) string) string {
	if rest == 0 {
		return head
	}
	return head + sep + say(rest)
}

// byThousands says a number from its greatest power of a thousand on: group says how many of one.
func byThousands(n uint64, group func(k uint64, power int) string, small func(uint64) string) string {
	var parts []string
	for power, unit := 4, uint64(1_000_000_000_000); power > 0; power, unit = power-1, unit/1000 {
		if k := n / unit; k > 0 {
			parts = append(parts, group(k, power))
			n %= unit
		}
	}
	if n > 0 {
		parts = append(parts, small(n))
	}
	return strings.Join(parts, " ")
}

func enOrdinal(n uint64) string {
	words := enCardinal(n)
	i := strings.LastIndexAny(words, " -") + 1
	head, last := words[:i], words[i:]
	switch r, ok := enRank[last]; {
	case ok:
		return head + r
	case strings.HasSuffix(last, "y"):
		return head + last[:len(last)-1] + "ieth"
	}
	return words + "th"
}

func enYear(n uint64) string {
	switch hundreds, rest := n/100, n%100; {
	case n%1000 < 10:
		return enCardinal(n)
	case rest == 0:
		return enCardinal(hundreds) + " hundred"
	case rest < 10:
		return enCardinal(hundreds) + " oh " + enCardinal(rest)
	default:
		return enCardinal(hundreds) + " " + enCardinal(rest)
	}
}

func enDate(d day, last string) string {
	if d.month == 0 { // the month follows
		if last == "the" {
			return enOrdinal(uint64(d.day)) + " of"
		}
		return "the " + enOrdinal(uint64(d.day)) + " of"
	}
	words := enDays[d.month] + " " + enOrdinal(uint64(d.day))
	if d.year > 0 {
		words += ", " + enYear(uint64(d.year))
	}
	return words
}

func enClock(c moment) string {
	hour := enCardinal(uint64(c.hour))
	minutes := ""
	switch {
	case c.minute == 0 && c.half != "":
	case c.minute == 0 && c.hour == 0:
		return "midnight"
	case c.minute == 0 && c.hour > 12:
		minutes = " hundred"
	case c.minute == 0:
		minutes = " o'clock"
	case c.minute < 10:
		minutes = " oh " + enCardinal(uint64(c.minute))
	default:
		minutes = " " + enCardinal(uint64(c.minute))
	}
	if c.half != "" {
		minutes += " " + strings.ToUpper(c.half)
	}
	return hour + minutes
}
