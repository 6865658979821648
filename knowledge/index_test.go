package knowledge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley"
)

var everything = parley.Knowledge{All: true}

// shop is a small library as its owner would write it.
var shop = []parley.Document{
	{ID: "hours", Name: "Hours", Type: parley.Markdown, Language: "en", Content: "# Opening hours\n\n| Day | Open |\n|---|---|\n| Monday to Friday | 9 am to 6 pm |\n| Saturday | 10 am to 2 pm |\n\nWe are closed on Sundays and on public holidays.\n\n# Parking\n\nThe car park behind the house is free for two hours. Its entrance is on Mill Lane."},
	{ID: "returns", Name: "Returns and refunds", Type: parley.PlainText, Language: "en", Content: "You can return anything within 30 days, with the receipt.\n\nRefunds go to the card that you paid with, within five working days. Without a receipt we give a voucher."},
	{ID: "delivery", Name: "Delivery", Type: parley.HTML, Language: "en", Content: "<h1>Delivery</h1><p>Delivery costs 4.90 and is free from 50.</p><h2>Abroad</h2><p>We ship to Canada and Mexico; it takes ten days.</p>"},
	{ID: "bikes", Name: "Bicycle repair", Type: parley.PlainText, Language: "en", Content: "A service of your bicycle costs 60. Flat tyres are mended while you wait. For electric bicycles call the workshop first."},
	{ID: "zeiten", Name: "Öffnungszeiten", Type: parley.Markdown, Language: "de", Content: "# Öffnungszeiten\nMontag bis Freitag 9 bis 18 Uhr. Sonntags geschlossen.\n\n# Anfahrt\nMit der Straßenbahn 12 bis Marktplatz. Parkplätze sind hinter dem Haus."},
	{ID: "aide", Name: "Livraison", Type: parley.PlainText, Language: "fr", Content: "La livraison coûte cinq euros. L'échange d'un article est gratuit pendant trente jours."},
	{ID: "eigyo", Name: "営業案内", Type: parley.PlainText, Language: "ja", Content: "営業時間は朝九時から夜八時までです。\n\n駐車場は店の裏にあります。二時間まで無料です。"},
	{ID: "annae", Name: "안내", Type: parley.PlainText, Language: "ko", Content: "영업시간은 아침 아홉 시부터 저녁 여덟 시까지입니다. 주차장은 건물 뒤에 있습니다."},
	{ID: "dukan", Name: "दुकान", Type: parley.PlainText, Language: "hi", Content: "दुकान सुबह नौ बजे खुलती है और रात आठ बजे बंद होती है। पार्किंग मुफ़्त है।"},
	{ID: "toko", Name: "Toko", Type: parley.PlainText, Language: "id", Content: "Toko buka jam sembilan pagi. Biaya pengiriman sepuluh ribu rupiah. Pembayaran dengan kartu."},
}

func shelved(t testing.TB) *Index {
	t.Helper()
	x := NewIndex()
	for i := range shop {
		x.Put(&shop[i])
	}
	return x
}

func TestFind(t *testing.T) {
	x := shelved(t)
	for _, tc := range []struct{ said, asked, document, has string }{
		{"hi um what time do you open on Saturday", "", "hours", "10 am to 2 pm"},
		{"are you open on sunday", "", "hours", "closed on Sundays"},
		{"where can I park my car", "", "hours", "Mill Lane"},
		{"I'd like my money back, I lost the receipt", "", "returns", "voucher"},
		{"can I return something", "", "returns", "30 days"},
		{"how much is the delivery", "", "delivery", "4.90"},
		{"do you ship to Canada", "", "delivery", "ten days"},
		{"how long do refunds take", "", "returns", "five working days"},
		{"yes please", "Shall I tell you what bicycle repairs cost?", "bikes", "60"},
		{"my tyre is flat", "Do you want to know about our delivery?", "bikes", "while you wait"},
		{"Wann haben Sie am Sonntag geöffnet?", "", "zeiten", "Sonntags geschlossen"},
		{"Wo kann ich parken, gibt es einen Parkplatz?", "", "zeiten", "hinter dem Haus"},
		{"combien coûte la livraison", "", "aide", "cinq euros"},
		{"je voudrais échanger des articles", "", "aide", "trente jours"},
		{"営業時間を教えてください", "", "eigyo", "朝九時"},
		{"駐車場はありますか", "", "eigyo", "店の裏"},
		{"영업시간이 어떻게 되나요?", "", "annae", "아홉 시부터"},
		{"주차장이 어디에 있어요?", "", "annae", "건물 뒤"},
		{"दुकानें कब खुलेंगी", "", "dukan", "नौ बजे"},
		{"berapa biaya pengirimannya", "", "toko", "sepuluh ribu"},
	} {
		got := x.Find(Query{Said: tc.said, Asked: tc.asked, Knowledge: everything})
		if len(got) == 0 || got[0].DocumentID != tc.document || !strings.Contains(got[0].Text, tc.has) {
			t.Errorf("%q: %+v", tc.said, got)
		}
	}
	for _, said := range []string{"", "yes", "okay, thank you", "hello, who is this please?", "um", "the weather is lovely", "私はそうです", "my grandmother plays chess"} {
		if got := x.Find(Query{Said: said, Knowledge: everything}); len(got) != 0 {
			t.Errorf("%q found %+v", said, got)
		}
	}
}

func TestFindLooksWhereItMay(t *testing.T) {
	x := shelved(t)
	q := Query{Said: "how much does the delivery cost and how much is a bicycle service", Knowledge: parley.Knowledge{Documents: []string{"bikes", "gone"}}}
	if got := x.Find(q); len(got) != 1 || got[0].DocumentID != "bikes" || got[0].Document != "Bicycle repair" {
		t.Errorf("%+v", got)
	}
	q.Knowledge = parley.Knowledge{}
	if got := x.Find(q); len(got) != 0 {
		t.Errorf("nothing is attached: %+v", got)
	}
	q.Knowledge, q.Most = everything, 1
	if got := x.Find(q); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestPutAndRemove(t *testing.T) {
	x := shelved(t)
	q := Query{Said: "do you ship to Canada", Knowledge: everything}
	whole := x.Len()
	d := shop[2]
	d.Content, d.Type = "We ship nowhere but to the moon.", parley.PlainText
	x.Put(&d)
	if got := x.Find(q); len(got) == 0 || !strings.Contains(got[0].Text, "moon") || strings.Contains(fmt.Sprint(got), "Canada") {
		t.Errorf("%+v", got)
	}
	x.Remove("delivery")
	x.Remove("delivery")
	if got := x.Find(q); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	x.Put(&shop[2])
	if x.Len() != whole || len(x.chunks) != whole {
		t.Errorf("%d chunks in %d places, were %d", x.Len(), len(x.chunks), whole)
	}
	fresh := shelved(t).Find(q)
	if got := x.Find(q); !slices.Equal(got, fresh) {
		t.Errorf("%+v, want %+v", got, fresh)
	}
}

// TestScoresMeanTheSame: what is rare counts about one in a large library as in a small one, and what stands everywhere nearly nothing.
func TestScoresMeanTheSame(t *testing.T) {
	for _, n := range []int{5, 50, 500} {
		x := NewIndex()
		for i := range n {
			x.Put(&parley.Document{ID: fmt.Sprint(i), Language: "en", Content: fmt.Sprintf("Our company sells item number%d in boxes.", i)})
		}
		got := x.Find(Query{Said: "number3", Knowledge: everything})
		if len(got) != 1 || got[0].DocumentID != "3" || got[0].Score < 0.6 || got[0].Score > 1.1 {
			t.Errorf("of %d: %+v", n, got)
		}
		if got := x.Find(Query{Said: "company", Knowledge: everything}); len(got) != 0 {
			t.Errorf("of %d: %+v", n, got)
		}
	}
}

func TestIndexIsSafe(t *testing.T) {
	x := shelved(t)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 50 {
				if g%2 == 0 {
					x.Put(&shop[i%len(shop)])
					x.Remove(shop[(i+3)%len(shop)].ID)
					continue
				}
				for _, p := range x.Find(Query{Said: "opening hours, delivery, refunds and parking", Knowledge: everything}) {
					if p.Document == "" || p.Text == "" {
						t.Errorf("%+v", p)
					}
				}
			}
		})
	}
	wg.Wait()
}

// large is a library of so many chunks, of words as often as words are.
func large(chunks int) *Index {
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.1, 4, 30_000)
	x := NewIndex()
	for d := range chunks / 10 {
		var b strings.Builder
		for range 10 {
			fmt.Fprintf(&b, "# Heading w%d\n\n", zipf.Uint64())
			for range 110 {
				fmt.Fprintf(&b, "w%d ", zipf.Uint64())
			}
			b.WriteString("\n\n")
		}
		x.Put(&parley.Document{ID: fmt.Sprint(d), Name: "Document", Type: parley.Markdown, Language: "en", Content: b.String()})
	}
	return x
}

func BenchmarkFind(b *testing.B) {
	x := large(10_000)
	r := rand.New(rand.NewPCG(3, 4))
	zipf := rand.NewZipf(r, 1.1, 4, 30_000)
	said := make([]string, 100)
	for i := range said {
		for range 15 {
			said[i] += fmt.Sprintf("w%d ", zipf.Uint64())
		}
	}
	n := 0
	for b.Loop() {
		x.Find(Query{Said: said[n%len(said)], Asked: said[(n+1)%len(said)], Knowledge: everything})
		n++
	}
	b.ReportMetric(float64(x.Len()), "chunks")
}

func BenchmarkPut(b *testing.B) {
	d := parley.Document{ID: "d", Type: parley.Markdown, Language: "en", Content: strings.Repeat("# Heading\n\nSome words about opening hours and delivery, refunds and parking, again and again.\n\n", 1000)}
	x := NewIndex()
	b.SetBytes(int64(len(d.Content)))
	for b.Loop() {
		x.Put(&d)
	}
}
