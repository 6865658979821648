package conversation

// phrases are what the agent says by itself, in the agent's language.
type phrases struct {
	sorry         string   // something failed once; the conversation goes on
	farewell      string   // something failed for good; the call ends
	present       []string // is anybody there, asked in turn
	pressed       string   // what the model reads before the digits the caller pressed
	untransferred string   // a transfer failed; the conversation goes on
	moment        string   // something takes its time
}

func phrasesOf(language string) phrases {
	return inLanguage(spoken, language)
}

// inLanguage is what there is in a language, in English where there is nothing.
func inLanguage[T any](all map[string]T, language string) T {
	if x, ok := all[language]; ok {
		return x
	}
	return all["en"]
}

var spoken = map[string]phrases{
	"en": {"Sorry, something went wrong just now. Could you say that again, please?", "Sorry, we have a technical problem and I have to end this call. Please try again later.",
		[]string{"Are you still there?", "Hello, can you hear me?"}, "pressed", "I am sorry, I could not reach anybody there. I am still here to help.", "One moment, please."},
	"es": {"Perdone, algo ha fallado. ¿Puede repetirlo, por favor?", "Lo siento, tenemos un problema técnico y debo terminar la llamada. Por favor, inténtelo más tarde.",
		[]string{"¿Sigue ahí?", "Hola, ¿me oye?"}, "pulsó", "Lo siento, no he podido localizar a nadie. Sigo aquí para ayudarle.", "Un momento, por favor."},
	"de": {"Entschuldigung, da ist gerade etwas schiefgegangen. Können Sie das bitte noch einmal sagen?", "Es tut mir leid, wir haben eine technische Störung und ich muss das Gespräch beenden. Bitte versuchen Sie es später noch einmal.",
		[]string{"Sind Sie noch da?", "Hallo, können Sie mich hören?"}, "drückte", "Es tut mir leid, dort ist gerade niemand zu erreichen. Ich bin weiter für Sie da.", "Einen Moment, bitte."},
	"hi": {"माफ़ कीजिए, कुछ गड़बड़ हो गई। क्या आप फिर से बता सकते हैं?", "माफ़ कीजिए, तकनीकी समस्या के कारण मुझे यह कॉल समाप्त करनी पड़ रही है। कृपया बाद में फिर कोशिश करें।",
		[]string{"क्या आप अभी भी लाइन पर हैं?", "हैलो, क्या आप मुझे सुन सकते हैं?"}, "दबाया", "माफ़ कीजिए, वहाँ किसी से संपर्क नहीं हो सका। मैं अब भी आपकी मदद के लिए यहाँ हूँ।", "एक क्षण, कृपया।"},
	"pt": {"Desculpe, algo falhou. Pode repetir, por favor?", "Desculpe, temos um problema técnico e preciso terminar a chamada. Por favor, tente mais tarde.",
		[]string{"Ainda está aí?", "Alô, consegue me ouvir?"}, "teclou", "Desculpe, não consegui falar com ninguém lá. Continuo aqui para ajudar.", "Um momento, por favor."},
	"fr": {"Excusez-moi, quelque chose n'a pas fonctionné. Pouvez-vous répéter, s'il vous plaît ?", "Je suis désolé, nous avons un problème technique et je dois terminer cet appel. Veuillez réessayer plus tard.",
		[]string{"Êtes-vous toujours là ?", "Allô, vous m'entendez ?"}, "a tapé", "Je suis désolé, je n'ai pu joindre personne. Je reste là pour vous aider.", "Un instant, s'il vous plaît."},
	"nl": {"Sorry, er ging iets mis. Kunt u dat nog eens zeggen?", "Het spijt me, we hebben een technische storing en ik moet dit gesprek beëindigen. Probeert u het later nog eens.",
		[]string{"Bent u er nog?", "Hallo, kunt u mij horen?"}, "toetste", "Het spijt me, ik kon daar niemand bereiken. Ik ben er nog om u te helpen.", "Een ogenblik, alstublieft."},
	"id": {"Maaf, ada yang salah. Bisa tolong diulangi?", "Maaf, ada gangguan teknis dan saya harus mengakhiri panggilan ini. Silakan coba lagi nanti.",
		[]string{"Apakah Anda masih di sana?", "Halo, apakah Anda bisa mendengar saya?"}, "menekan", "Maaf, saya tidak dapat menghubungi siapa pun di sana. Saya masih di sini untuk membantu.", "Mohon tunggu sebentar."},
	"it": {"Mi scusi, qualcosa non ha funzionato. Può ripetere, per favore?", "Mi dispiace, abbiamo un problema tecnico e devo terminare la chiamata. Riprovi più tardi, per favore.",
		[]string{"È ancora in linea?", "Pronto, mi sente?"}, "ha premuto", "Mi dispiace, non sono riuscito a raggiungere nessuno. Sono ancora qui per aiutarla.", "Un momento, per favore."},
	"ja": {"すみません、うまくいきませんでした。もう一度お願いできますか。", "申し訳ありません。技術的な問題のため、お電話を終了いたします。後ほどおかけ直しください。",
		[]string{"もしもし、聞こえていますか。", "まだそちらにいらっしゃいますか。"}, "押した番号", "申し訳ありません、つながりませんでした。引き続き私がご用件を伺います。", "少々お待ちください。"},
	"ko": {"죄송합니다, 문제가 생겼습니다. 다시 한번 말씀해 주시겠어요?", "죄송합니다. 기술적인 문제로 통화를 종료해야 합니다. 나중에 다시 전화해 주세요.",
		[]string{"아직 듣고 계신가요?", "여보세요, 제 말이 들리세요?"}, "누른 번호", "죄송합니다, 연결되지 않았습니다. 제가 계속 도와드리겠습니다.", "잠시만 기다려 주세요."},
}
