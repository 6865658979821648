package turn

import (
	"strings"
	"unicode/utf8"
)

// A shape is how far the words at the end have built what they began.
type shape uint8

const (
	unbuilt    shape = iota // nothing is known: content words, which may want an object or have had it
	object                  // a noun phrase after what stands before it: they booked a room
	adjunct                 // a phrase with a preposition, an adverb of time: little is likely to follow
	bracket                 // a participle that closes what its verb has opened: habe … verloren
	infinitive              // an infinitive that does: möchte … reservieren
	modifier                // an adjective before its noun: the wrong
)

// A grammar is the closed classes of words on which a language's phrases are hung.
type grammar struct {
	dets, preps map[string]bool // before a noun; those that are both stand in both
	adverbs     map[string]bool // which mostly come last
	verbal      []string        // endings of infinitives: after a preposition they want an object
	adjectives  map[string]bool // which stand before their noun
	adjective   []string        // and their endings
	auxiliaries map[string]bool // verbs whose participle stands at the end
	modals      map[string]bool // and those whose infinitive does
	wanting     map[string]bool // modals that are nothing without it
	halves      []string        // endings of that half
	tells       map[string]bool // other halves after which a clause comes: gesagt
	copulas     map[string]bool // verbs that say how something is
	degrees     map[string]bool // words between them and how
}

// built is the shape of words whose last asks for no other.
func (l *language) built(words []string, text string) shape {
	g := &l.grammar
	n := len(words)
	end := words[n-1]
	if g.dets == nil || n < 2 {
		return unbuilt
	}
	if g.adverbs[end] || n > 2 && g.adverbs[words[n-2]+" "+end] {
		return adjunct
	}
	if b := l.bracketed(words); b != unbuilt {
		return b
	}
	if n > 2 && !g.tells[end] && (g.copulas[words[n-2]] || n > 3 && g.copulas[words[n-3]] && g.degrees[words[n-2]]) {
		return object
	}
	// the last word on which something hangs, at most three words from the end
	at := n - 2
	for at >= 0 && at >= n-4 && !g.dets[words[at]] && !g.preps[words[at]] {
		at--
	}
	if elided(text) {
		at = n - 1
	} else if at < 0 || at < n-4 {
		return unbuilt
	}
	for at > 0 && g.dets[words[at-1]] && !g.preps[words[at]] { // all my, the two
		at--
	}
	if n > 2 && g.adjectives[end] && g.degrees[words[n-2]] && g.dets[words[n-3]] {
		return modifier
	}
	if n-at > 1 && (g.adjectives[end] || longest(end, g.adjective) > 0 && utf8.RuneCountInString(end) > 5) && g.dets[words[n-2]] {
		return modifier
	}
	before := at
	if at > 0 && leadIns[words[0]] {
		before--
	}
	if before < 1 {
		return unbuilt // it is what the sentence begins with
	}
	if g.preps[words[at]] && !g.dets[words[at]] {
		if words[at] == "to" || n-at == 2 && longest(end, g.verbal) > 0 {
			return unbuilt
		}
		return adjunct
	}
	if g.preps[words[at]] || g.preps[words[at-1]] {
		if before < 2 && g.preps[words[at-1]] {
			return unbuilt
		}
		return adjunct
	}
	return object
}

// bracketed: a verb near the beginning wants its other half last, and has it.
func (l *language) bracketed(words []string) shape {
	g, n := &l.grammar, len(words)
	if g.halves == nil || n < 3 || longest(words[n-1], g.halves) == 0 || g.tells[words[n-1]] {
		return unbuilt
	}
	found := unbuilt
	for _, w := range words[:n-1] {
		switch {
		case g.modals[w] && strings.HasSuffix(words[n-1], "n") && n >= 5:
			return infinitive
		case g.modals[w], g.auxiliaries[w]:
			found = bracket
		}
	}
	return found
}

// unclosed: it begins with a modal that wants an infinitive at the end, which has not come: kann ich den Termin.
func (l *language) unclosed(words []string) bool {
	g := &l.grammar
	for len(words) > 1 && leadIns[words[0]] {
		words = words[1:]
	}
	n := len(words)
	return n > 2 && n < 7 && g.wanting[words[0]] && longest(words[n-1], g.halves) == 0 && !l.last[words[n-1]] && !g.adverbs[words[n-1]] && !courtesies[words[n-1]]
}

// elided: the last word has its article before an apostrophe.
func elided(text string) bool {
	last := text[strings.LastIndexByte(text, ' ')+1:]
	at := strings.IndexAny(last, "'’")
	return at > 0 && at <= 5 && at < len(last)-3
}

// grammars of languages whose words are parted and whose verbs do not come last.
var grammars = map[string]grammar{
	"en": {
		copulas: set("is|are|was|were|be|been|seems|looks|sounds|feels|tastes|got|gets|became|isnt|wasnt|arent|its|thats|im|youre|theyre|hes|shes|has|have|had|not|havent|hasnt"), degrees: set("very|really|quite|so|too|not|still|already|all|just|completely|a bit|been|pretty"),
		dets:  set("a|an|the|my|your|his|her|its|our|their|this|these|those|some|any|every|each|no|another|all|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty"),
		preps: set("of|to|in|on|at|for|with|from|by|about|into|onto|after|before|under|over|without|within|during|through|against|per|via|between|near|until|since|around|than|behind|except"),
		adverbs: set("yesterday|again|already|yet|twice|once|later|soon|ago|anymore|either|immediately|online|here|there|together|everywhere|anywhere|somewhere|nothing|anything|everything|something|" +
			"last week|last month|last year|last night|next week|next month|next year|this morning|this afternoon|this evening|this week|this month|this year|back|away|alone|early|late|well|much better"),
		verbal: []string{"ing"},
		adjectives: set("wrong|right|big|small|large|little|new|old|red|blue|green|black|white|brown|yellow|grey|gray|good|bad|nice|great|whole|main|same|other|first|second|third|last|next|different|strange|long|short|high|low|full|" +
			"double|single|early|late|extra|free|cheap|certain|few|couple|bit|lot|kind|sort|type|very|really|quite|more|most|best|better|only|own|previous|following|specific|particular|second|huge|tiny|local|local|dark|light|young|real"),
		adjective: []string{"ous", "ful", "ible", "able", "less", "ish"},
	},
	"es": {
		copulas: set("es|está|están|son|era|estaba|fue|fueron|soy|estoy|somos|estamos|llegó|parece|queda|ha|han|he"), degrees: set("muy|tan|ya|todavía|bastante|un poco|todo|no|completamente|sido"),
		dets:       set("el|la|los|las|un|una|unos|unas|mi|mis|tu|tus|su|sus|nuestro|nuestra|nuestros|nuestras|este|esta|estos|estas|ese|esa|esos|esas|aquel|aquella|algún|ningún|ninguna|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|al|del|cada"),
		preps:      set("a|de|en|con|por|para|sin|sobre|entre|hasta|desde|hacia|según|tras|al|del|contra|durante"),
		adverbs:    set("ayer|anoche|aquí|ahí|allí|allá|pronto|luego|tarde|temprano|siempre|nunca|todavía no|otra vez|bien|mal|juntos|semana pasada|mes pasado|año pasado|próxima semana|próximo mes|nada|todo"),
		verbal:     []string{"ar", "er", "ir", "arse", "erse", "irse", "arme", "erme", "irme"},
		adjectives: set("buen|gran|primer|tercer|mejor|nuevo|nueva|otro|otra|mismo|misma"),
	},
	"fr": {
		copulas: set("est|sont|était|étaient|sera|suis|sommes|semble|arrivé|arrivée|a|ont|cest|reste|serons|pas"), degrees: set("très|trop|déjà|encore|pas|tout|bien|assez|vraiment|complètement|été"),
		dets:       set("le|la|les|un|une|des|du|au|aux|mon|ma|mes|ton|ta|tes|son|sa|ses|notre|nos|votre|vos|leur|leurs|ce|cet|cette|ces|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|chaque"),
		preps:      set("à|de|en|dans|sur|sous|avec|sans|pour|par|chez|vers|entre|depuis|pendant|avant|après|contre|du|au|aux"),
		adverbs:    set("hier|ici|là|bientôt|tard|tôt|toujours|ensemble|déjà|encore|semaine dernière|mois dernier|année dernière|semaine prochaine|mois prochain|ce matin|ce soir|cet aprèsmidi|rien|tout|mal|bien|deux fois|ailleurs"),
		verbal:     []string{"er", "ir", "re", "oir"},
		adjectives: set("petit|petite|grand|grande|bon|bonne|nouveau|nouvelle|autre|même|premier|première|dernier|dernière|beau|belle|gros|grosse|jeune|vieux|vieille|seul|seule"),
	},
	"it": {
		copulas: set("è|sono|era|erano|sarà|siamo|sembra|arrivato|arrivata|stato|stata|sta|resta|non"), degrees: set("molto|già|ancora|troppo|tutto|proprio|abbastanza|completamente|stato|stata"),
		dets: set("il|lo|la|i|gli|le|un|uno|una|mio|mia|miei|mie|tuo|tua|suo|sua|suoi|sue|nostro|nostra|nostri|nostre|vostro|vostra|questo|questa|questi|queste|quel|quello|quella|quei|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|" +
			"al|allo|alla|ai|agli|alle|del|dello|della|dei|degli|delle|dal|dalla|dai|dalle|nel|nella|nei|nelle|sul|sulla|sui|sulle|ogni"),
		preps:      set("a|ad|di|da|in|con|su|per|tra|fra|al|allo|alla|ai|agli|alle|del|dello|della|dei|degli|delle|dal|dalla|dai|dalle|nel|nella|nei|nelle|sul|sulla|sui|sulle|senza|dopo|verso|contro|durante"),
		adverbs:    set("ieri|qui|qua|lì|là|presto|tardi|sempre|mai|insieme|già|ancora|settimana scorsa|mese scorso|anno scorso|settimana prossima|prossima settimana|stamattina|stasera|niente|nulla|tutto|bene|male"),
		verbal:     []string{"are", "ere", "ire", "arsi", "ersi", "irsi", "armi", "ermi", "irmi"},
		adjectives: set("buon|bel|gran|nuovo|nuova|altro|altra|stesso|stessa|primo|prima|piccolo|piccola|grande"),
	},
	"pt": {
		copulas: set("é|está|estão|são|era|estava|foi|foram|sou|estou|somos|chegou|ficou|parece|não"), degrees: set("muito|já|ainda|bem|todo|bastante|um pouco|completamente"),
		dets: set("o|a|os|as|um|uma|uns|umas|meu|minha|meus|minhas|teu|tua|seu|sua|seus|suas|nosso|nossa|nossos|nossas|este|esta|esse|essa|aquele|aquela|dois|duas|três|quatro|cinco|seis|sete|oito|nove|dez|" +
			"do|da|dos|das|no|na|nos|nas|ao|à|aos|às|pelo|pela|num|numa|neste|nesta|cada"),
		preps:      set("de|em|com|por|para|pra|sem|sobre|entre|até|desde|após|contra|durante|do|da|dos|das|no|na|nos|nas|ao|à|aos|às|pelo|pela|num|numa|neste|nesta"),
		adverbs:    set("ontem|aqui|aí|ali|lá|logo|cedo|tarde|sempre|nunca|juntos|de novo|outra vez|semana passada|mês passado|ano passado|próxima semana|próximo mês|nada|tudo|bem|mal"),
		verbal:     []string{"ar", "er", "ir", "arme", "erme"},
		adjectives: set("bom|boa|grande|novo|nova|outro|outra|mesmo|mesma|primeiro|primeira|melhor"),
	},
	"de": {
		copulas: set("ist|sind|war|waren|bin|wird|wurde|bleibt|scheint|klingt|nicht|sehr|zu"), degrees: set("sehr|schon|noch|zu|ganz|wirklich|ziemlich|nicht|völlig"),
		dets: set("der|die|das|den|dem|des|ein|eine|einen|einem|einer|eines|mein|meine|meinen|meinem|meiner|dein|deine|deinen|sein|seine|seinen|seiner|ihr|ihre|ihren|ihrem|ihrer|unser|unsere|unseren|kein|keine|keinen|dieser|diese|dieses|diesen|diesem|" +
			"zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zum|zur|vom|im|ins|am|beim|jeden|jede|jedes|letzte|letzten|nächste|nächsten"),
		preps:       set("zu|zum|zur|von|vom|in|im|ins|an|am|auf|für|mit|bei|beim|nach|aus|über|unter|um|durch|gegen|ohne|bis|seit|vor|zwischen|ab|pro|wegen"),
		adverbs:     set("gestern|vorgestern|übermorgen|hier|da|dort|bald|später|früh|spät|immer|nie|zusammen|wieder|zurück|nochmal|kaputt|fertig|weg|zuhause|allein|letzte woche|letzten monat|letztes jahr|nächste woche|heute morgen|heute abend|nichts|alles|an|ab"),
		adjectives:  set("große|großen|kleine|kleinen|neue|neuen|alte|alten|andere|anderen|falsche|falschen|ganze|ganzen|erste|ersten|zweite|zweiten|letzte|letzten|nächste|nächsten|gute|guten|rote|roten|blaue|blauen|schwarze|schwarzen|weiße|weißen"),
		adjective:   []string{"ige", "igen", "iger", "iges", "liche", "lichen", "licher", "liches", "ische", "ischen", "ischer", "isches"},
		auxiliaries: set("habe|hab|hast|hat|haben|hatte|hatten|bin|ist|sind|war|waren|wurde|wurden|wäre"),
		modals:      set("werde|wird|werden|würde|würden|möchte|möchten|will|wollen|wollte|wollten|kann|kannst|können|könnte|könnten|konnte|konnten|soll|sollte|sollten|muss|müssen|musste|darf|dürfen|dürfte|hätte|hätten"),
		wanting:     set("kann|kannst|können|könnte|könnten|soll|sollte|sollten|muss|müssen|darf|dürfen|dürfte"),
		halves:      []string{"en", "ern", "eln", "ert", "elt", "iert", "gt", "kt", "ht", "lt", "mt", "nt", "pt", "tet", "det", "bt", "ft", "zt", "ßt", "sst", "tan"},
		tells:       set("gesagt|gefragt|gehört|gedacht|gemeint|gesehen|geglaubt|erzählt|versprochen|gemerkt|gewusst|gehofft|wissen|fragen|sagen|sehr|nicht|recht|seit|jetzt|zweiten|ersten|letzten|nächsten|anderen|einen|keinen|meinen|ihren|den|neuen|alten"),
	},
	"nl": {
		copulas: set("is|zijn|was|waren|ben|wordt|werd|blijft|lijkt|klinkt|niet|erg|te|heel"), degrees: set("heel|erg|al|nog|te|echt|zeer|niet|helemaal"),
		dets:        set("de|het|een|mijn|jouw|uw|je|zijn|haar|ons|onze|hun|deze|dit|die|dat|geen|elke|elk|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|volgende|vorige"),
		preps:       set("van|in|op|aan|voor|met|bij|naar|uit|over|onder|om|door|tegen|zonder|tot|sinds|na|tussen|per|vanaf"),
		adverbs:     set("gisteren|eergisteren|overmorgen|hier|daar|straks|later|vroeg|laat|altijd|nooit|samen|weer|terug|opnieuw|kapot|klaar|weg|thuis|alleen|vorige week|vorige maand|vorig jaar|volgende week|vanmorgen|vanavond|vanmiddag|niets|alles|meer"),
		adjectives:  set("grote|kleine|nieuwe|oude|andere|verkeerde|hele|eerste|tweede|laatste|volgende|vorige|goede|rode|blauwe|zwarte|witte|grote|groot|klein|nieuw"),
		adjective:   []string{"lijke", "ige", "ische"},
		auxiliaries: set("heb|hebt|heeft|hebben|had|hadden|ben|is|zijn|was|waren|werd|werden|word|wordt"),
		modals:      set("wil|wilt|willen|wilde|wilden|zou|zouden|kan|kunt|kun|kunnen|kon|konden|moet|moeten|moest|mag|mogen|ga|gaat|gaan|zal|zult|zullen"),
		wanting:     set("kan|kunt|kun|kunnen|zou|zouden|moet|moeten"),
		halves:      []string{"en", "gd", "ld", "rd", "nd", "md", "kt", "pt", "ft", "st", "cht", "zegd", "eld", "daan", "gaan", "staan", "zien", "doen"},
		tells:       set("gezegd|gevraagd|gehoord|gedacht|gemeend|gezien|verteld|beloofd|gemerkt|weten|vragen|zeggen|een|geen|tien|negen|zeven|nodig|eerst|laatst|juist|meest|tussen|binnen|buiten|alleen|zonder|tegen|mijn|onderwijl|omdat|want"),
	},
	"id": {
		copulas: set("sudah|belum|tidak|masih|sangat|adalah|terlalu|sedang|akan"), degrees: set("sudah|sangat|masih|terlalu"),
		dets:    set("sebuah|seorang|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan|sepuluh|semua|beberapa|para|setiap"),
		preps:   set("di|ke|dari|untuk|dengan|pada|oleh|tentang|soal|sampai|sejak|tanpa|dalam|sebelum|setelah|sesudah|selama"),
		adverbs: set("kemarin|tadi|nanti|lagi|dulu|sini|situ|sana|bulan lalu|minggu lalu|tahun lalu|minggu depan|bulan depan|tadi pagi|nanti malam|nanti sore|nanti siang|sama sekali|rusak|hilang|habis|mati|salah"),
	},
}

// eitherOf are last words that lead on or close, and only what comes tells which.
var eitherOf = map[string]map[string]bool{
	"en": set("in|on|up|off|out|over|back|down|through|before|after|along|around|since|then|that|this|these|those|so|know|think|asking|calling|looking|do|does|did|have|had|want|need|said|says|believe|hope|guess|too|much|more|less|well|otherwise|both|several|another|first|last|next|one|number|street|now|like|not|only|even|going|getting|who|what|how|when|where|why|can|could|will|would|should|her|him|them|it|us"),
	"es": set("pasado|próximo|próxima|último|última|primero|también|tampoco|todavía|aún|mucho|mucha|poco|tanto|menos|más|esto|eso|fuera|dentro|cerca|arriba|abajo|delante|detrás|ir|ser|estar|haber|tener|hacer|saber|preguntar|digo|dijo|creo|número|calle|nos|les|todo|toda|todos|todas|otro|otra|llamando|buscando|ninguno|puedo|quiero|tengo|tiene"),
	"de": set("an|ab|aus|ein|zu|vor|mit|auf|nicht|mal|mich|mir|dich|dir|sich|uns|ihn|ihm|ihnen|man|wir|ihr|alle|alles|viele|andere|anderen|einige|mehrere|gerade|eigentlich|weiß|sage|frage|glaube|denke|meine|geht|gibt|suche|brauche|wohne|ganz|so|wird|werden|wurde|hatte|hätte|war|haben|noch|auch|nur|sehr|dann|also|nummer|kann|will|soll|muss|wollen|können|sollen|dürfte"),
	"fr": set("pas|jamais|plus|moins|dernier|dernière|prochain|prochaine|premier|première|vous|nous|lui|leur|leurs|moi|toi|y|en|encore|toujours|déjà|même|seulement|vraiment|beaucoup|trop|presque|tout|toute|tous|toutes|autre|autres|plusieurs|devant|derrière|dessus|dessous|fait|faire|être|avoir|aller|savoir|demander|crois|pense|sais|dit|dis|faut|cherche|là|après|avant|depuis|contre|numéro|aussi|alors|si|suis|est|ai|avez|vais|va|dois|peux|veux|on|il|elle|je"),
	"it": set("primo|prima|ultimo|ultima|prossimo|prossima|dopo|vicino|dietro|davanti|sopra|sotto|dentro|fuori|ancora|già|quasi|tutto|tutta|tutti|tutte|altro|altra|altri|altre|tanto|troppo|meno|molto|più|così|lei|lui|noi|voi|io|loro|ne|solo|invece|comunque|fare|essere|avere|andare|sapere|chiedere|credo|penso|dico|dice|bisogno|numero|nessuno|cerco|voglio|posso|devo|sono|ho|ha|anche"),
	"pt": set("primeiro|primeira|último|última|próximo|próxima|passado|passada|depois|antes|perto|dentro|fora|atrás|ainda|já|só|apenas|quase|bem|tão|tanto|menos|mais|muito|muita|muitos|todo|toda|todos|todas|outro|outra|outros|outras|ele|ela|eles|elas|você|vocês|nós|eu|fazer|ser|estar|ter|ir|saber|perguntar|acho|penso|digo|disse|número|não|também|quero|posso|tenho|tem|está|estou"),
	"nl": set("aan|af|op|uit|in|mee|toe|achter|binnen|buiten|boven|beneden|niet|nooit|meer|minder|veel|weinig|erg|zo|toch|eigenlijk|gewoon|echt|al|zelfs|alle|andere|ander|eerste|laatste|volgende|vorige|jullie|hem|haar|hen|ons|mij|me|er|jij|men|weet|weten|vraag|vragen|zeg|denk|geloof|doet|doe|komt|gaat|ga|woon|zoek|nummer|heeft|had|hebben|was|ben|wil|kan|moet|dan|ook|nog|misschien|je|u|ik|start"),
	"id": set("saya|aku|kami|kita|dia|mereka|anda|kamu|ini|itu|lalu|depan|belakang|atas|bawah|luar|samping|pertama|terakhir|masih|baru|juga|lebih|sangat|banyak|semua|beberapa|jam|hari|tanggal|nomor|nama|alamat|jalan|pak|ibu|bapak|bisa|mau|ada|perlu|harus|sudah|belum|tidak|tahu|beli|pesan|kirim|tinggal|bilang"),
	"hi": set("भी|ही|बाद|पहले|पास|ऊपर|नीचे|आगे|पीछे|अंदर|बाहर|कुछ|सब|सभी|बहुत|ज़्यादा|ज्यादा|कम|एक|नाम|नंबर|पता"),
}

// vagueOf are words that begin questions, and statements.
var vagueOf = map[string]map[string]bool{
	"es": set("me|es|son|está|están|hay|por|como|cuando|donde|que|quien|tiene|tienen|tienes"), "it": set("è|sono|mi|ci|cè|che|ha|hai|avete|perché|quando|come|dove|siete|posso"),
	"pt": set("o|é|são|está|que|como|tem|têm|há|quando|onde|por|vocês|você|posso"), "fr": set("à|que|est|quand|où|avez|y|qui|peux"), "nl": set("wat|wie|waar|is"), "de": set("was|wer|wo"),
	"id": set("di|ada|jam|bisa|mana|siapa"), "en": set("where|who|which|whom|whose|when|have|had|might"),
}

// wondersOf are verbs that begin a question: three words of it may lack what is asked of their subject.
var wondersOf = map[string]map[string]bool{
	"en": set("is|are|am|was|were|do|does|did|can|could|will|would|should|shall|may|might|have|has|had|isnt|arent|dont|doesnt|didnt|cant|couldnt|wont|wouldnt"),
	"de": set("ist|sind|hat|haben|habt|hast|kann|können|könnten|könnte|kannst|könntest|darf|dürfte|gibt|wird|würden|möchten|soll|sollte|muss|dürfen|wollen|sollen"),
	"nl": set("is|zijn|ben|heeft|hebben|hebt|heb|kan|kunt|kun|kunnen|mag|zou|wil|wilt|zal|moet|gaat|komt|doet"),
	"es": set("puede|puedes|pueden|podría|podrías|podrían|podemos|puedo|tiene|tienen|tienes|hay|es|son|está|están"), "fr": set("avez|pouvez|pourriez|est|estce|peux|puisje"),
	"it": set("può|puoi|potete|possono|potreste|possiamo|potrebbe|potresti|posso|avete|ha|hai"), "pt": set("pode|podem|poderiam|podemos|poderia|posso|tem|têm|há"), "id": set("bisakah|bisa|bolehkah|boleh|adakah|ada|apakah"),
}
