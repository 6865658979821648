package spoken

import "strings"

var (
	idOnes = strings.Fields("nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas")
	idBig  = strings.Fields("- ribu juta miliar triliun")
	idDays = strings.Fields("- Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember")
)

func indonesian() *language {
	return &language{
		code: "id", decimal: ',',
		digits:   [10]string(idOnes[:10]),
		cardinal: func(n uint64, _ form) string { return idCardinal(n) },
		ordinal: func(n uint64, _ form) string {
			if n == 1 {
				return "pertama"
			}
			return "ke" + idCardinal(n)
		},
		date: func(d day, _ string) string { return dated(idCardinal(uint64(d.day)), " ", idDays, d, idCardinal) },
		clock: func(c moment) string {
			words := joined(idCardinal(uint64(c.hour)), " lewat ", uint64(c.minute), func(m uint64) string { return idCardinal(m) + " menit" })
			switch h := c.hours(); {
			case c.half == "":
				return words
			case h < 11:
				return words + " pagi"
			case h < 15:
				return words + " siang"
			case h < 18:
				return words + " sore"
			}
			return words + " malam"
		},
		words: words{point: "koma", minus: "minus", to: "sampai", percent: "persen", and: "dan", number: "nomor", at: "at", dot: "titik", slash: "garis miring",
			dash: "strip", underscore: "garis bawah", plus: "plus", equals: "sama dengan", question: "tanda tanya", colon: "titik dua", hash: "pagar",
			version: "versi", shares: [5]string{"setengah", "seperempat", "tiga perempat", "sepertiga", "dua pertiga"}, cents: " "},
		tables: tables{
			months: monthsOf("januari februari maret april mei juni juli agustus september oktober november desember"),
			money: moneyOf(`IDR = rupiah; USD = dolar / sen; EUR = euro / sen; GBP = pound sterling / pence; JPY = yen; INR = rupee; KRW = won; BRL = real; CHF = franc Swiss;
				MXN = peso; CAD = dolar Kanada; AUD = dolar Australia`),
			magnitudes: pairs("ribu rb = ribu; juta jt = juta; miliar milyar m = miliar; triliun = triliun"),
			units: unitsOf(`kg = kilogram; g gr = gram; mg = miligram; km = kilometer; m = meter; cm = sentimeter; mm = milimeter; l L = liter; ml = mililiter; km/jam km/h = kilometer per jam;
				°C ℃ = derajat Celsius; °F = derajat Fahrenheit; ° = derajat; KB kB = kilobita; MB = megabita; GB = gigabita; TB = terabita; Mbps = megabit per detik; kW = kilowatt; kWh = kilowatt jam; W = watt; V = volt; Hz = hertz;
				m² = meter persegi; m³ = meter kubik`),
			abbreviations: pairs(`bpk. = Bapak; sdr. = Saudara; sdri. = Saudari; dr. = dokter; prof. = Profesor; jl. jln. = Jalan; no. = nomor; tgl. = tanggal; dll. = dan lain-lain; dsb. = dan sebagainya; yth. = yang terhormat;
				tlp. telp. = telepon; hlm. = halaman; kec. = Kecamatan; kab. = Kabupaten; rp. = rupiah; a.n. = atas nama; d.a. = dengan alamat; s.d. = sampai dengan; wib = Waktu Indonesia Barat; tsb. = tersebut`),
			codes:    set("kode pin iban nomor pos penerbangan ekstensi rekening pesanan referensi tiket"),
			weekdays: pairs(`senin sen = Senin; selasa sel = Selasa; rabu rab = Rabu; kamis kam = Kamis; jumat jum = Jumat; sabtu sab = Sabtu; minggu min = Minggu`),
			dated:    set("tanggal tgl pada"),
			per:      per("per", `bln = per bulan`),
			outOf:    "dari",
			is:       set("adalah nomor dengan anda kamu saya"),
			chapters: set("bab bagian jilid fase tipe pasal tingkat"),
		},
	}
}

func idCardinal(n uint64) string {
	switch {
	case n < 12:
		return idOnes[n]
	case n < 20:
		return idOnes[n-10] + " belas"
	case n < 100:
		return joined(idOnes[n/10]+" puluh", " ", n%10, idCardinal)
	case n < 200:
		return joined("seratus", " ", n-100, idCardinal)
	case n < 1000:
		return joined(idOnes[n/100]+" ratus", " ", n%100, idCardinal)
	case n < 2000:
		return joined("seribu", " ", n-1000, idCardinal)
	}
	return byThousands(n, func(k uint64, power int) string {
		if k == 1 && power == 1 {
			return "seribu"
		}
		return idCardinal(k) + " " + idBig[power]
	}, idCardinal)
}
