// Has Google's own SDK stream words to Speech-to-Text, over gRPC. argv: the address.
const assert = require('node:assert');
const { SpeechClient } = require('@google-cloud/speech').v1;

// spoken is words as the fake hears them: 100 ms at the level of their name, and a pause after each utterance.
function spoken(...utterances) {
  const all = [];
  for (const levels of utterances) {
    for (const l of levels) all.push(new Int16Array(1600).fill(l * 1000), new Int16Array(960));
    all.push(new Int16Array(6400));
  }
  return all.map((a) => Buffer.from(a.buffer));
}

function recognise(client, config, sound) {
  return new Promise((resolve, reject) => {
    const finals = [], interim = [], events = [];
    const stream = client._streamingRecognize();
    stream.on('error', reject).on('end', () => resolve({ finals, interim, events }));
    stream.on('data', (r) => {
      if (r.speechEventType !== 'SPEECH_EVENT_UNSPECIFIED') events.push(r.speechEventType);
      const text = r.results.map((x) => x.alternatives[0].transcript).join('').trim();
      for (const x of r.results) if (x.isFinal) finals.push(x.alternatives[0]);
      if (r.results.length && !r.results[0].isFinal) interim.push(text);
    });
    stream.write({ streamingConfig: { config, interimResults: true, enableVoiceActivityEvents: true } });
    for (const b of sound) stream.write({ audioContent: b });
    stream.end();
  });
}

async function main() {
  const { hostname, port } = new URL(process.argv[2]);
  const open = (apiKey) => new SpeechClient({ apiEndpoint: hostname, port: Number(port), apiKey });
  const client = open('k');
  const config = { encoding: 'LINEAR16', sampleRateHertz: 16000, languageCode: 'en-US', model: 'telephony', enableWordTimeOffsets: true,
    enableAutomaticPunctuation: true, speechContexts: [{ phrases: ['Brezn'], boost: 3 }] };
  const { finals, interim, events } = await recognise(client, config, spoken([2, 3, 4], [5, 6]));
  assert.deepEqual(finals.map((f) => f.transcript), ['one two three', 'four five']);
  assert.deepEqual(interim.slice(0, 3), ['one', 'one two', 'one two three']);
  assert.deepEqual(events, ['SPEECH_ACTIVITY_BEGIN', 'SPEECH_ACTIVITY_END', 'SPEECH_ACTIVITY_BEGIN', 'SPEECH_ACTIVITY_END']);
  const [one, two] = finals[0].words;
  assert.deepEqual([one.word, two.word, Number(two.startTime.seconds), two.startTime.nanos], ['one', 'two', 0, 160000000]);
  await assert.rejects(recognise(client, { ...config, sampleRateHertz: 7 }, spoken([2])), { code: 3 });
  await assert.rejects(recognise(open('wrong'), config, spoken([2])), { code: 3, details: /API key not valid/ });
  console.log('Google’s speech SDK took it');
  process.exit(0);
}
main().catch((e) => { console.error(e); process.exit(1); });
