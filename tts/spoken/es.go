package spoken

import "strings"

var (
	esOnes = strings.Fields("cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve " +
		"veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve")
	esTens = strings.Fields("- - - treinta cuarenta cincuenta sesenta setenta ochenta noventa")
	esHund = strings.Fields("- ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos")
	esRank = strings.Fields("- primer segund tercer cuart quint sext séptim octav noven décim")
	esDays = strings.Fields("- enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
)

func spanish() *language {
	return &language{
		code: "es", decimal: ',', spaces: true, pairs: true,
		digits:   [10]string(esOnes[:10]),
		cardinal: esCardinal,
		ordinal:  esOrdinal,
		varies:   oneOrHundreds,
		date: func(d day, _ string) string {
			words := esCardinal(uint64(d.day), alone)
			if d.day == 1 {
				words = "primero"
			}
			return dated(words, " de ", esDays, d, func(y uint64) string { return esCardinal(y, alone) })
		},
		clock:    esClock,
		ordinals: romance("º ° .º o a ª .ª er", "ª a .ª"),
		words: words{point: "coma", minus: "menos", to: "a", percent: "por ciento", and: "y", number: "número", at: "arroba", dot: "punto", slash: "barra",
			dash: "guion", underscore: "guion bajo", plus: "más", equals: "igual", question: "signo de interrogación", colon: "dos puntos", hash: "almohadilla",
			version: "versión", shares: [5]string{"un medio", "un cuarto", "tres cuartos", "un tercio", "dos tercios"}, cents: " con ", of: "de"},
		tables: tables{
			months: monthsOf("enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre noviembre diciembre"),
			money: moneyOf(`EUR = euro, euros / céntimo, céntimos; USD = dólar, dólares / centavo, centavos; GBP = *libra, libras / penique, peniques;
				MXN = peso mexicano, pesos mexicanos / centavo, centavos; JPY = yen, yenes; INR = *rupia, rupias; KRW = won, wones; BRL = real, reales / centavo, centavos;
				IDR = *rupia, rupias; CHF = franco suizo, francos suizos; CAD = dólar canadiense, dólares canadienses / centavo, centavos; AUD = dólar australiano, dólares australianos`),
			magnitudes: pairs("mil = mil; millón = millón; millones = millones; billones = billones"),
			units: unitsOf(`kg = kilogramo, kilogramos; g gr = gramo, gramos; mg = miligramo, miligramos; km = kilómetro, kilómetros; m = metro, metros;
				cm = centímetro, centímetros; mm = milímetro, milímetros; l L = litro, litros; ml = mililitro, mililitros; km/h = kilómetro por hora, kilómetros por hora;
				°C ℃ = grado Celsius, grados Celsius; °F = grado Fahrenheit, grados Fahrenheit; ° = grado, grados; KB kB = kilobyte, kilobytes; MB = megabyte, megabytes;
				GB = gigabyte, gigabytes; TB = terabyte, terabytes; Mbps = megabit por segundo, megabits por segundo; kW = kilovatio, kilovatios; kWh = kilovatio hora, kilovatios hora;
				W = vatio, vatios; V = voltio, voltios; Hz = hercio, hercios; min = minuto, minutos; s seg = segundo, segundos; h hrs = *hora, horas; m² = metro cuadrado, metros cuadrados; m³ = metro cúbico, metros cúbicos`),
			abbreviations: pairs(`sr. = señor; sra. = señora; srta. = señorita; dr. = doctor; dra. = doctora; d. = don; dña. = doña; ud. vd. = usted; uds. vds. = ustedes; av. avda. = avenida;
				c/ = calle; pág. = página; núm. nº n.º = número; tel. = teléfono; aprox. = aproximadamente; etc. = etcétera; p.ej. = por ejemplo; admón. = administración;
				dpto. = departamento; prof. = profesor; profa. = profesora; ee.uu. = Estados Unidos; máx. = máximo; mín. = mínimo; izq. = izquierda; dcha. = derecha; s.a. = ese a; incl. = incluido`),
			codes:    set("código pin iban postal número extensión cuenta pedido vuelo referencia reserva factura"),
			weekdays: pairs(`lunes lun = lunes; martes mar = martes; miércoles mié = miércoles; jueves jue = jueves; viernes vie = viernes; sábado sáb = sábado; domingo dom = domingo`),
			between:  set("entre"),
			dated:    set("el del al"),
			per:      per("por", `mes = al mes; día = al día; año = al año; semana = a la semana; hora h = a la hora`),
			outOf:    "sobre",
			is:       set("es número con en de termina"),
			chapters: set("capítulo tomo parte fase tipo siglo nivel artículo título mundial"),
		},
	}
}

func esCardinal(n uint64, f form) string {
	switch {
	case n == 1 && f == masculine:
		return "un"
	case n == 21 && f == masculine:
		return "veintiún"
	case n < 30:
		return feminineIf(f == feminine && n%10 == 1 && n != 11, esOnes[n])
	case n < 100:
		return joined(esTens[n/10], " y ", n%10, func(r uint64) string { return esCardinal(r, f) })
	case n == 100:
		return "cien"
	case n < 1000:
		head := esHund[n/100]
		if f == feminine && n >= 200 {
			head = head[:len(head)-2] + "as"
		}
		return joined(head, " ", n%100, func(r uint64) string { return esCardinal(r, f) })
	case n < 1_000_000:
		head := "mil"
		if n >= 2000 {
			g := f
			if g == alone {
				g = masculine
			}
			head = esCardinal(n/1000, g) + " mil"
		}
		return joined(head, " ", n%1000, func(r uint64) string { return esCardinal(r, f) })
	case n < 1_000_000_000_000:
		head := "un millón"
		if n >= 2_000_000 {
			head = esCardinal(n/1_000_000, masculine) + " millones"
		}
		return joined(head, " ", n%1_000_000, func(r uint64) string { return esCardinal(r, f) })
	}
	head := "un billón"
	if n >= 2_000_000_000_000 {
		head = esCardinal(n/1_000_000_000_000, masculine) + " billones"
	}
	return joined(head, " ", n%1_000_000_000_000, func(r uint64) string { return esCardinal(r, f) })
}

func feminineIf(yes bool, w string) string {
	if yes {
		return w[:len(w)-1] + "a"
	}
	return w
}

// oneOrHundreds are the numbers that agree with what they count where one and the hundreds do.
func oneOrHundreds(n uint64) bool {
	return n%10 == 1 && n%100 != 11 || n%1000 >= 200 || n >= 200_000 && n%1_000_000/1000 >= 200
}

func esOrdinal(n uint64, f form) string {
	switch {
	case n == 0 || n > 99:
		return ""
	case n > 10:
		return esHighRank(n, f)
	}
	if w := esRank[n]; f == feminine {
		return w + "a"
	} else if f == masculine && (n == 1 || n == 3) {
		return w
	}
	return esRank[n] + "o"
}

var esTenRank = strings.Fields("- - vigésim trigésim cuadragésim quincuagésim sexagésim septuagésim octogésim nonagésim")

// esHighRank is beyond ten.
func esHighRank(n uint64, f form) string {
	last := feminineIf(f == feminine, "o")
	switch {
	case n == 11:
		return "undécim" + last
	case n == 12:
		return "duodécim" + last
	case n < 20:
		return "decimo" + esOrdinal(n-10, f)
	}
	return joined(esTenRank[n/10]+last, " ", n%10, func(r uint64) string { return esOrdinal(r, f) })
}

// dated says a day, the name of its month and the year.
func dated(words, of string, names []string, d day, year func(uint64) string) string {
	if d.month > 0 {
		words += of + names[d.month]
	}
	if d.year > 0 {
		words += of + year(uint64(d.year))
	}
	return words
}

// romance finds what makes ordinals of figures: endings, of which some are feminine, the longest first.
func romance(endings, feminines string) func(string) (int, form) {
	fem := set(feminines)
	return func(s string) (n int, f form) {
		for e := range strings.FieldsSeq(endings) {
			if len(e) > n && strings.HasPrefix(s, e) && !startsWord(s[len(e):]) && !strings.HasPrefix(s[len(e):], "C") {
				n, f = len(e), alone
				switch {
				case fem[e]:
					f = feminine
				case e == "er":
					f = masculine
				}
			}
		}
		return n, f
	}
}

func esClock(c moment) string {
	h := c.hour
	words := esCardinal(uint64(h), feminine)
	switch {
	case c.minute > 0:
		words += " y " + esCardinal(uint64(c.minute), alone)
		if c.minute == 30 && h <= 12 {
			words = esCardinal(uint64(h), feminine) + " y media"
		} else if c.minute == 15 && h <= 12 {
			words = esCardinal(uint64(h), feminine) + " y cuarto"
		}
	case h > 12 || h == 0:
		words += " horas"
	}
	switch {
	case c.half == "am":
		words += " de la mañana"
	case c.half == "pm" && (h == 12 || h < 8):
		words += " de la tarde"
	case c.half == "pm":
		words += " de la noche"
	}
	return words
}
