package spoken

import "strings"

var (
	itOnes = strings.Fields("zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove")
	itTens = strings.Fields("- - venti trenta quaranta cinquanta sessanta settanta ottanta novanta")
	itBig  = [][2]string{2: {"un milione", "milioni"}, {"un miliardo", "miliardi"}, {"mille miliardi", "mila miliardi"}}
	itRank = strings.Fields("- prim second terz quart quint sest settim ottav non decim")
	itDays = strings.Fields("- gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre")
)

func italian() *language {
	return &language{
		code: "it", decimal: ',', pairs: true,
		digits:   [10]string(itOnes[:10]),
		cardinal: itCardinal,
		ordinal:  itOrdinal,
		varies:   func(n uint64) bool { return n == 1 },
		date: func(d day, _ string) string {
			words := itCardinal(uint64(d.day), alone)
			if d.day == 1 {
				words = "primo"
			}
			return dated(words, " ", itDays, d, func(y uint64) string { return itCardinal(y, alone) })
		},
		clock: func(c moment) string {
			words := itCardinal(uint64(c.hours()), feminine)
			if c.minute > 0 {
				words += " e " + itCardinal(uint64(c.minute), alone)
			}
			return words
		},
		ordinals: romance("º ° ª", "ª"),
		words: words{point: "virgola", minus: "meno", to: "a", percent: "per cento", and: "e", number: "numero", at: "chiocciola", dot: "punto", slash: "barra",
			dash: "trattino", underscore: "trattino basso", plus: "più", equals: "uguale", question: "punto interrogativo", colon: "due punti", hash: "cancelletto",
			version: "versione", shares: [5]string{"un mezzo", "un quarto", "tre quarti", "un terzo", "due terzi"}, cents: " e ", of: "di"},
		tables: tables{
			months: monthsOf("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
			money: moneyOf(`EUR = euro / centesimo, centesimi; USD = dollaro, dollari / centesimo, centesimi; GBP = *sterlina, sterline / penny, pence; CHF = franco svizzero, franchi svizzeri / centesimo, centesimi;
				JPY = yen; INR = *rupia, rupie; KRW = won; BRL = real; IDR = *rupia, rupie; MXN = peso, pesos; CAD = dollaro canadese, dollari canadesi; AUD = dollaro australiano, dollari australiani`),
			magnitudes: pairs("mila = mila; milione = milione; milioni = milioni; miliardo = miliardo; miliardi = miliardi"),
			units: unitsOf(`kg = chilogrammo, chilogrammi; g gr = grammo, grammi; mg = milligrammo, milligrammi; km = chilometro, chilometri; m = metro, metri; cm = centimetro, centimetri;
				mm = millimetro, millimetri; l L = litro, litri; ml = millilitro, millilitri; km/h = chilometro orario, chilometri orari; °C ℃ = grado Celsius, gradi Celsius;
				°F = grado Fahrenheit, gradi Fahrenheit; ° = grado, gradi; KB kB = kilobyte; MB = megabyte; GB = gigabyte; TB = terabyte; kW = chilowatt; kWh = chilowattora; W = watt; V = volt; Hz = hertz;
				min = minuto, minuti; s sec = secondo, secondi; h = *ora, ore; m² mq = metro quadrato, metri quadrati; m³ = metro cubo, metri cubi`),
			abbreviations: pairs(`sig. = signor; sig.ra = signora; sigg. = signori; dott. = dottor; dott.ssa = dottoressa; avv. = avvocato; ing. = ingegner; prof. = professor; prof.ssa = professoressa;
				pag. = pagina; ecc. = eccetera; tel. = telefono; n. nº n° = numero; p.es. = per esempio; es. = esempio; ca. = circa; max. = massimo; min. = minimo; art. = articolo; p.zza = piazza; v.le = viale; c.so = corso; s.p.a. = S P A; gent.mo = gentilissimo`),
			codes:    set("codice pin iban cap interno conto ordine volo riferimento prenotazione pratica"),
			weekdays: pairs(`lunedì lun = lunedì; martedì mar = martedì; mercoledì mer = mercoledì; giovedì gio = giovedì; venerdì ven = venerdì; sabato sab = sabato; domenica dom = domenica`),
			between:  set("tra fra"),
			dated:    set("il dal al del"),
			per:      per("per", `mese = al mese; giorno = al giorno; anno = all’anno; ora h = all’ora; settimana = alla settimana; notte = a notte; persona = a persona; kg = al chilo`),
			outOf:    "su",
			is:       set("è numero di con in"),
			chapters: set("capitolo tomo parte fase tipo livello articolo titolo atto"),
		},
	}
}

func itCardinal(n uint64, f form) string {
	switch {
	case n == 1 && f != alone:
		return [...]string{masculine: "un", feminine: "una"}[f]
	case n < 1_000_000:
		words := itUnder(n)
		if n > 20 && n%10 == 3 && n%100 != 13 {
			words = strings.TrimSuffix(words, "tre") + "tré"
		}
		return words
	}
	words := byThousands(n/1_000_000*1_000_000, func(k uint64, power int) string {
		if k == 1 {
			return itBig[power][0]
		}
		return itCardinal(k, alone) + " " + itBig[power][1]
	}, nil)
	return joined(strings.ReplaceAll(words, " mila", "mila"), " ", n%1_000_000, func(r uint64) string { return itCardinal(r, alone) })
}

func itUnder(n uint64) string {
	switch {
	case n < 20:
		return itOnes[n]
	case n < 100:
		tens := itTens[n/10]
		if n%10 == 1 || n%10 == 8 {
			tens = tens[:len(tens)-1]
		}
		return joined(tens, "", n%10, itUnder)
	case n < 1000:
		head := "cento"
		if n >= 200 {
			head = itOnes[n/100] + head
		}
		return joined(head, "", n%100, itUnder)
	case n < 2000:
		return joined("mille", "", n%1000, itUnder)
	}
	return joined(itUnder(n/1000)+"mila", "", n%1000, itUnder)
}

func itOrdinal(n uint64, f form) string {
	words := ""
	switch {
	case n == 0:
		return ""
	case n <= 10:
		words = itRank[n] + "o"
	case n%10 == 3 && n%100 != 13:
		words = itUnder(n) + "esimo"
	case n%10 == 6 && n%100 != 16:
		words = itUnder(n) + "esimo"
	default:
		words = itUnder(n)
		words = words[:len(words)-1] + "esimo"
	}
	return feminineIf(f == feminine, words)
}
