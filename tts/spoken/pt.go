package spoken

import "strings"

var (
	ptOnes    = strings.Fields("zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete dezoito dezenove")
	ptTens    = strings.Fields("- - vinte trinta quarenta cinquenta sessenta setenta oitenta noventa")
	ptHund    = strings.Fields("- cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos")
	ptBig     = [][2]string{1: {"mil", "mil"}, {"milhão", "milhões"}, {"bilhão", "bilhões"}, {"trilhão", "trilhões"}}
	ptRank    = strings.Fields("- primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono décimo")
	ptTenRank = strings.Fields("- décimo vigésimo trigésimo quadragésimo quinquagésimo sexagésimo septuagésimo octogésimo nonagésimo")
	ptDays    = strings.Fields("- janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro")
)

// portuguese is Brazil's where the two differ.
func portuguese() *language {
	return &language{
		code: "pt", decimal: ',', pairs: true,
		digits:   [10]string(ptOnes[:10]),
		cardinal: ptCardinal,
		ordinal: func(n uint64, f form) string {
			if n == 0 || n > 99 {
				return ""
			}
			if n <= 10 {
				return feminineIf(f == feminine, ptRank[n])
			}
			return joined(feminineIf(f == feminine, ptTenRank[n/10]), " ", n%10, func(r uint64) string { return feminineIf(f == feminine, ptRank[r]) })
		},
		varies: func(n uint64) bool { return oneOrHundreds(n) || n%10 == 2 && n%100 != 12 },
		date: func(d day, _ string) string {
			words := ptCardinal(uint64(d.day), alone)
			if d.day == 1 {
				words = "primeiro"
			}
			return dated(words, " de ", ptDays, d, func(y uint64) string { return ptCardinal(y, alone) })
		},
		clock: func(c moment) string {
			words := ptCardinal(uint64(c.hour), feminine)
			switch {
			case c.minute > 0:
				words += " e " + ptCardinal(uint64(c.minute), alone)
			case c.half == "" && c.hour == 1:
				words += " hora"
			case c.half == "":
				words += " horas"
			}
			switch {
			case c.half == "am":
				words += " da manhã"
			case c.half == "pm" && (c.hour == 12 || c.hour < 7):
				words += " da tarde"
			case c.half == "pm":
				words += " da noite"
			}
			return words
		},
		ordinals: romance("º ° ª .º .ª o a", "ª .ª a"),
		words: words{point: "vírgula", minus: "menos", to: "a", percent: "por cento", and: "e", number: "número", at: "arroba", dot: "ponto", slash: "barra",
			dash: "hífen", underscore: "sublinhado", plus: "mais", equals: "igual", question: "ponto de interrogação", colon: "dois pontos", hash: "cerquilha",
			version: "versão", shares: [5]string{"meio", "um quarto", "três quartos", "um terço", "dois terços"}, cents: " e ", of: "de"},
		tables: tables{
			months: monthsOf("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
			money: moneyOf(`BRL = real, reais / centavo, centavos; EUR = euro, euros / centavo, centavos; USD = dólar, dólares / centavo, centavos; GBP = *libra, libras / penny, pence;
				JPY = iene, ienes; INR = *rupia, rupias; KRW = won, wons; IDR = *rupia, rupias; CHF = franco suíço, francos suíços; MXN = peso mexicano, pesos mexicanos;
				CAD = dólar canadense, dólares canadenses; AUD = dólar australiano, dólares australianos`),
			magnitudes: pairs("mil = mil; milhão = milhão; mi milhões = milhões; bilhão = bilhão; bi bilhões = bilhões"),
			units: unitsOf(`kg = quilo, quilos; g = grama, gramas; mg = miligrama, miligramas; km = quilômetro, quilômetros; m = metro, metros; cm = centímetro, centímetros;
				mm = milímetro, milímetros; l L = litro, litros; ml mL = mililitro, mililitros; km/h = quilômetro por hora, quilômetros por hora; °C ℃ = grau Celsius, graus Celsius;
				°F = grau Fahrenheit, graus Fahrenheit; ° = grau, graus; KB kB = quilobyte, quilobytes; MB = megabyte, megabytes; GB = gigabyte, gigabytes; TB = terabyte, terabytes; Mbps = megabit por segundo, megabits por segundo;
				kW = quilowatt, quilowatts; kWh = quilowatt-hora, quilowatts-hora; W = watt, watts; V = volt, volts; Hz = hertz; min = minuto, minutos; s seg = segundo, segundos; h = *hora, horas;
				m² = metro quadrado, metros quadrados; m³ = metro cúbico, metros cúbicos`),
			abbreviations: pairs(`sr. = senhor; sra. = senhora; srta. = senhorita; dr. = doutor; dra. = doutora; prof. = professor; profa. = professora; exmo. = excelentíssimo; exma. = excelentíssima;
				av. = avenida; r. = rua; pág. = página; nº n.º = número; tel. = telefone; aprox. = aproximadamente; etc. = etcétera; p.ex. = por exemplo; ltda. = limitada; máx. = máximo; mín. = mínimo; apto. = apartamento; obs. = observação; cep = CEP`),
			codes:    set("código pin iban cep número ramal conta pedido voo referência reserva protocolo fatura"),
			weekdays: pairs(`segunda seg = segunda; terça ter = terça; quarta qua = quarta; quinta qui = quinta; sexta sex = sexta; sábado sáb = sábado; domingo dom = domingo`),
			between:  set("entre"),
			dated:    set("dia no do ao em até"),
			per:      per("por", `h = por hora`),
			outOf:    "de",
			is:       set("é número com em de"),
			chapters: set("capítulo tomo parte fase tipo século nível artigo título mundial"),
		},
	}
}

func ptCardinal(n uint64, f form) string {
	switch {
	case n < 3 && f == feminine && n > 0:
		return [...]string{1: "uma", 2: "duas"}[n]
	case n < 20:
		return ptOnes[n]
	case n < 100:
		return joined(ptTens[n/10], " e ", n%10, func(r uint64) string { return ptCardinal(r, f) })
	case n == 100:
		return "cem"
	case n < 1000:
		head := ptHund[n/100]
		if f == feminine && n >= 200 {
			head = head[:len(head)-2] + "as"
		}
		return joined(head, " e ", n%100, func(r uint64) string { return ptCardinal(r, f) })
	}
	var parts []string
	rest := n
	for power, unit := 4, uint64(1_000_000_000_000); power > 0; power, unit = power-1, unit/1000 {
		k := rest / unit
		rest %= unit
		switch {
		case k == 0:
		case k == 1 && power == 1:
			parts = append(parts, "mil")
		case k == 1:
			parts = append(parts, "um "+ptBig[power][0])
		case power == 1:
			parts = append(parts, ptCardinal(k, f)+" mil")
		default:
			parts = append(parts, ptCardinal(k, alone)+" "+ptBig[power][1])
		}
	}
	words := strings.Join(parts, " ")
	switch {
	case rest == 0:
		return words
	case rest <= 100 || rest%100 == 0:
		return words + " e " + ptCardinal(rest, f)
	}
	return words + " " + ptCardinal(rest, f)
}
