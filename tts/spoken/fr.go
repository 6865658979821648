package spoken

import "strings"

var (
	frOnes = strings.Fields("zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf")
	frTens = strings.Fields("- - vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt")
	frBig  = strings.Fields("- mille million milliard billion")
	frDays = strings.Fields("- janvier février mars avril mai juin juillet août septembre octobre novembre décembre")
)

func french() *language {
	return &language{
		code: "fr", decimal: ',', spaces: true, pairs: true,
		digits:   [10]string(frOnes[:10]),
		cardinal: frCardinal,
		ordinal:  frOrdinal,
		varies:   func(n uint64) bool { return n%10 == 1 && n%100 != 11 && n%100 != 71 && n%100 != 91 },
		date: func(d day, _ string) string {
			words := frCardinal(uint64(d.day), alone)
			if d.day == 1 {
				words = "premier"
			}
			return dated(words, " ", frDays, d, func(y uint64) string { return frCardinal(y, alone) })
		},
		clock: func(c moment) string {
			words := frCardinal(uint64(c.hours()), feminine) + " heures"
			if c.hours() < 2 {
				words = strings.TrimSuffix(words, "s")
			}
			if c.minute > 0 {
				words += " " + frCardinal(uint64(c.minute), alone)
			}
			return words
		},
		ordinals: romance("er re ère e è ème eme nd nde", "re ère nde"),
		words: words{point: "virgule", minus: "moins", to: "à", percent: "pour cent", and: "et", number: "numéro", at: "arobase", dot: "point", slash: "slash",
			dash: "tiret", underscore: "tiret bas", plus: "plus", equals: "égal", question: "point d’interrogation", colon: "deux-points", hash: "dièse",
			version: "version", shares: [5]string{"un demi", "un quart", "trois quarts", "un tiers", "deux tiers"}, cents: " et ", of: "de"},
		tables: tables{
			months: monthsOf("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
			money: moneyOf(`EUR = euro, euros / centime, centimes; USD = dollar, dollars / cent, cents; GBP = *livre, livres / penny, pence; CHF = franc suisse, francs suisses / centime, centimes;
				CAD = dollar canadien, dollars canadiens / cent, cents; JPY = yen, yens; INR = *roupie, roupies; KRW = won, wons; BRL = réal, réaux; IDR = *roupie, roupies;
				MXN = peso, pesos; AUD = dollar australien, dollars australiens`),
			magnitudes: pairs("mille = mille; million = million; millions = millions; milliard = milliard; milliards = milliards"),
			units: unitsOf(`kg = kilogramme, kilogrammes; g = gramme, grammes; mg = milligramme, milligrammes; km = kilomètre, kilomètres; m = mètre, mètres; cm = centimètre, centimètres;
				mm = millimètre, millimètres; l L = litre, litres; ml = millilitre, millilitres; km/h = kilomètre heure, kilomètres heure; °C ℃ = degré Celsius, degrés Celsius;
				°F = degré Fahrenheit, degrés Fahrenheit; ° = degré, degrés; Ko = kilo-octet, kilo-octets; Mo = méga-octet, méga-octets; Go = giga-octet, giga-octets; To = téra-octet, téra-octets;
				kW = kilowatt, kilowatts; kWh = kilowattheure, kilowattheures; W = watt, watts; V = volt, volts; Hz = hertz; min mn = *minute, minutes; s = *seconde, secondes;
				h = *heure, heures; m² = mètre carré, mètres carrés; m³ = mètre cube, mètres cubes`),
			abbreviations: pairs(`m. = monsieur; mm. = messieurs; mme = madame; mme. = madame; mmes = mesdames; mlle = mademoiselle; dr = docteur; dr. = docteur; pr = professeur; av. = avenue; bd bd. boul. = boulevard;
				env. = environ; etc. = et cetera; tél. = téléphone; n° nº = numéro; p.ex. = par exemple; c.-à-d. = c’est-à-dire; apr. = après; st = saint; ste = sainte; max. = maximum; min. = minimum; rdv = rendez-vous; svp = s’il vous plaît; art. = article; ex. = exemple`),
			titles:   pairs("me = maître; me. = maître"),
			codes:    set("code pin iban postal numéro poste compte commande vol référence réservation dossier facture"),
			weekdays: pairs(`lundi lun = lundi; mardi mar = mardi; mercredi mer = mercredi; jeudi jeu = jeudi; vendredi ven = vendredi; samedi sam = samedi; dimanche dim = dimanche`),
			between:  set("entre"),
			dated:    set("le du au"),
			per:      per("par", ``),
			outOf:    "sur",
			is:       set("est numéro par de"),
			chapters: set("chapitre tome partie phase type niveau article titre acte"),
		},
	}
}

func frCardinal(n uint64, f form) string {
	words := frUnder(n)
	if f == feminine && (words == "un" || strings.HasSuffix(words, "-un") || strings.HasSuffix(words, " un")) {
		words += "e"
	}
	return words
}

func frUnder(n uint64) string {
	switch tens := n / 10; {
	case n < 20:
		return frOnes[n]
	case n == 71, n < 70 && n%10 == 1:
		return frTens[tens] + " et " + frUnder(n-tens*10+10*(tens/7))
	case n == 80:
		return "quatre-vingts"
	case n < 70:
		return joined(frTens[tens], "-", n%10, frUnder)
	case n < 100:
		return frTens[tens] + "-" + frUnder(n%20)
	case n < 200:
		return joined("cent", " ", n-100, frUnder)
	case n < 1000 && n%100 == 0:
		return frOnes[n/100] + " cents"
	case n < 1000:
		return frOnes[n/100] + " cent " + frUnder(n%100)
	}
	return byThousands(n, func(k uint64, power int) string {
		words := frUnder(k)
		if power == 1 { // mille never has an s, nor what stands before it
			if k == 1 {
				return "mille"
			}
			if strings.HasSuffix(words, "cents") || strings.HasSuffix(words, "vingts") {
				words = words[:len(words)-1]
			}
			return words + " mille"
		}
		if k > 1 {
			return words + " " + frBig[power] + "s"
		}
		return words + " " + frBig[power]
	}, frUnder)
}

func frOrdinal(n uint64, f form) string {
	if n == 1 && f == feminine {
		return "première"
	} else if n == 1 {
		return "premier"
	}
	switch words := frUnder(n); {
	case n == 0:
		return ""
	case strings.HasSuffix(words, "neuf"):
		return words[:len(words)-1] + "vième"
	case strings.HasSuffix(words, "cinq"):
		return words + "uième"
	case strings.HasSuffix(words, "cents"), strings.HasSuffix(words, "vingts"), strings.HasSuffix(words, "ns"):
		return words[:len(words)-1] + "ième"
	case strings.HasSuffix(words, "e"):
		return words[:len(words)-1] + "ième"
	default:
		return words + "ième"
	}
}
