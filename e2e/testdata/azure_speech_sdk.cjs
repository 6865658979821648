// Hears by Microsoft's own Speech SDK. argv: the address.
const assert = require('node:assert');
delete globalThis.WebSocket; // which sends no headers: the SDK's own does
const sdk = require('microsoft-cognitiveservices-speech-sdk');

// word is how the stand-in hears a number: its level for 100 ms, then 60 ms of silence.
const word = (n) => { const a = new Int16Array(16 * 160); a.fill(1000 * n, 0, 16 * 100); return a.buffer; };

const recognizer = (key) => {
  const config = sdk.SpeechConfig.fromEndpoint(new URL(process.argv[2].replace('https', 'wss') + '/stt/speech/universal/v2'), key);
  config.speechRecognitionLanguage = 'en-US';
  config.outputFormat = sdk.OutputFormat.Detailed;
  config.requestWordLevelTimestamps();
  config.setProperty(sdk.PropertyId.Speech_SegmentationSilenceTimeoutMs, '300');
  const stream = sdk.AudioInputStream.createPushStream(sdk.AudioStreamFormat.getWaveFormatPCM(16000, 16, 1));
  const r = new sdk.SpeechRecognizer(config, sdk.AudioConfig.fromStreamInput(stream));
  sdk.PhraseListGrammar.fromRecognizer(r).addPhrases(['Alice', 'Bob & Co']);
  return { r, stream };
};

async function main() {
  const { r, stream } = recognizer('key-of-mine');
  const phrases = [];
  let partials = 0, started = 0;
  r.recognizing = (_, e) => { assert.equal(e.result.reason, sdk.ResultReason.RecognizingSpeech); partials++; };
  r.recognized = (_, e) => { if (e.result.reason === sdk.ResultReason.RecognizedSpeech) phrases.push(JSON.parse(e.result.json)); };
  r.speechStartDetected = () => started++;
  const ended = new Promise((resolve) => { r.canceled = (_, e) => resolve(e); });
  r.startContinuousRecognitionAsync();
  for (const n of [2, 3, 4]) stream.write(word(n));
  stream.write(new Int16Array(16 * 300).buffer);
  stream.write(word(5));
  stream.close();
  assert.equal((await ended).reason, sdk.CancellationReason.EndOfStream);
  assert.deepEqual(phrases.map((p) => p.NBest[0].Display), ['One two three', 'Four']);
  assert.ok(phrases[0].NBest[0].Words.length === 3 && phrases[0].NBest[0].Words.every((w) => w.Duration > 0));
  assert.ok(partials >= 4 && started === 2);
  r.close();
  const refused = recognizer('wrong-key');
  const why = new Promise((resolve) => { refused.r.canceled = (_, e) => resolve(e); });
  refused.r.startContinuousRecognitionAsync();
  assert.match((await why).errorDetails, /401/);
  console.log('Microsoft’s Speech SDK took it');
  process.exit(0);
}
main().catch((e) => { console.error(e); process.exit(1); });
